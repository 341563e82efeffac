package dev.millrace.event;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.util.BeanUtil;
import java.util.List;
import java.util.stream.Collectors;

/** Why a type can never be read back, with the path to what cannot and what to do. It never leaves this package. */
final class Unreadable extends Exception {
    private static final long serialVersionUID = 1L;
    private static final int MAX_REASON = 300;

    private Unreadable(String path, String why) {
        super(path + ": " + why, null, false, false);
    }

    static Unreadable aClass(String path) {
        return new Unreadable(path, "a class is never loaded by its name; use a name of your own");
    }

    static Unreadable classNames(String path, JavaType type, JsonTypeInfo.Id mechanism) {
        return new Unreadable(
                path,
                "%s lets the JSON choose classes by their class names (@JsonTypeInfo(use = %s)), which is never done; give its classes names: @JsonTypeInfo(use = NAME) with @JsonSubTypes, or make it sealed and register it"
                        .formatted(shown(type), mechanism));
    }

    static Unreadable noSubtypes(String path, JavaType type) {
        return new Unreadable(path, shown(type) + " names no classes; name them with @JsonSubTypes");
    }

    static Unreadable missingSubtype(String path, JavaType type, Class<?> permitted) {
        return new Unreadable(
                path,
                "%s permits %s, which is not among its @JsonSubTypes; add it"
                        .formatted(shown(type), permitted.getSimpleName()));
    }

    static Unreadable oneNameForTwo(String path, JavaType type, String name, List<Class<?>> classes) {
        return new Unreadable(
                path,
                "%s permits two classes called %s, %s; give one another name"
                        .formatted(shown(type), Texts.quoted(name), names(classes, " and ")));
    }

    /** The type is abstract, and nothing says what its values are. */
    static Unreadable unknownClasses(String path, JavaType type, SealedNames names) {
        Class<?> raw = type.getRawClass();
        if (!SealedNames.isSealedBase(raw)) {
            return new Unreadable(
                    path,
                    "%s is not sealed, so its classes are not known; make it sealed and register it, or annotate it with @JsonTypeInfo(use = NAME) and @JsonSubTypes, or with @JsonDeserialize(as = …)"
                            .formatted(shown(type)));
        }
        List<Class<?>> nameless = names.nameless(raw);
        List<Class<?>> open = nameless.stream().filter(SealedNames::isAbstract).toList();
        return new Unreadable(
                path,
                open.isEmpty()
                        ? "sealed %s has no names; register what it permits with registerNested(%s.class), or annotate with @EventType: %s"
                                .formatted(shown(type), raw.getSimpleName(), names(nameless, ", "))
                        : "sealed %s permits %s, which is not sealed, so its classes are not known; make it sealed or final"
                                .formatted(shown(type), names(open, ", ")));
    }

    /** The type is sealed and can have values itself. */
    static Unreadable untold(String path, JavaType type) {
        return new Unreadable(
                path,
                "%s is sealed but not abstract, so what it permits would be read as %s; make it abstract, or annotate it with @JsonTypeInfo(use = NAME) and @JsonSubTypes"
                        .formatted(shown(type), type.getRawClass().getSimpleName()));
    }

    static Unreadable noConstructor(String path, JavaType type) {
        return new Unreadable(
                path,
                "%s has no constructor that Jackson can use; make it a record, or annotate a constructor with @JsonCreator and its parameters with @JsonProperty"
                        .formatted(shown(type)));
    }

    static Unreadable position(String path, JavaType type) {
        return new Unreadable(
                path,
                "%s is an enum that is written as its position, and a number is not read as an enum; remove @JsonFormat(shape = NUMBER), or annotate the enum's number with @JsonValue"
                        .formatted(shown(type)));
    }

    static Unreadable raw(String path, JavaType type, String parameter) {
        return new Unreadable(
                path,
                "%s is generic, and nothing says what its %s is; declare it, as in record Prices(Box<Price> box)"
                        .formatted(shown(type), parameter));
    }

    static Unreadable withoutModule(String path, JavaType type) {
        boolean optional = BeanUtil.isJava8OptionalClass(type.getRawClass());
        String module = optional ? "jackson-datatype-jdk8" : "its module";
        return new Unreadable(
                path,
                "Jackson cannot read %s without %s; add it: Millrace.builder().jackson(settings -> settings.addModule(%s))"
                        .formatted(type.getRawClass().getTypeName(), module, optional ? "new Jdk8Module()" : "…"));
    }

    static Unreadable jacksonSays(String path, Exception e) {
        String message = e instanceof JsonProcessingException json ? json.getOriginalMessage() : e.getMessage();
        return new Unreadable(
                path, Texts.storable(message == null ? e.getClass().getName() : message, MAX_REASON));
    }

    private static String names(List<Class<?>> classes, String between) {
        return classes.stream().map(Class::getSimpleName).collect(Collectors.joining(between));
    }

    private static String shown(JavaType type) {
        Class<?> raw = type.getRawClass();
        String kind = raw.isInterface() ? "interface " : SealedNames.isAbstract(raw) ? "abstract class " : "";
        return kind + raw.getSimpleName();
    }
}
