package dev.millrace.event;

import java.lang.reflect.Modifier;
import java.util.Locale;

/** Finds a payload class's name, and whether it can be a payload class at all. */
final class TypeNames {
    private TypeNames() {}

    /** What its annotation says, or its simple name in kebab-case. */
    static String of(Class<?> type) {
        EventType named = type.getAnnotation(EventType.class);
        return Names.check("event type name", named == null ? kebab(type.getSimpleName()) : named.value());
    }

    /**
     * {@code ApiCall} is {@code api-call}, {@code HTTPCall} is {@code http-call}, {@code Http2Call} is
     * {@code http2-call}: a word begins at a capital that follows something else, and at the last of several capitals
     * if a small letter follows.
     */
    static String kebab(String simpleName) {
        StringBuilder kebab = new StringBuilder();
        for (int i = 0; i < simpleName.length(); i++) {
            char c = simpleName.charAt(i);
            boolean separator = c == '_' || c == '$';
            if ((separator || beginsWord(simpleName, i))
                    && !kebab.isEmpty()
                    && kebab.charAt(kebab.length() - 1) != '-') {
                kebab.append('-');
            }
            if (!separator) {
                kebab.append(c);
            }
        }
        return kebab.toString().toLowerCase(Locale.ROOT);
    }

    private static boolean beginsWord(String name, int at) {
        if (at == 0 || !Character.isUpperCase(name.charAt(at))) {
            return false;
        }
        boolean afterCapital = Character.isUpperCase(name.charAt(at - 1));
        boolean beforeSmall = at + 1 < name.length() && Character.isLowerCase(name.charAt(at + 1));
        return !afterCapital || beforeSmall;
    }

    /** Refuses what has no name or no fixed shape. */
    static void checkPayloadClass(Class<?> type) {
        if (type.isPrimitive() || type.isArray()) {
            throw refusal(type, "is no class with a name: wrap it in a record");
        }
        if (type.isAnonymousClass() || type.isHidden() || type.isSynthetic()) {
            throw refusal(type, "has no name (an anonymous class or a lambda): declare a record or a class");
        }
        if (type.isLocalClass() && !type.isRecord() && !type.isEnum()) {
            throw refusal(type, "is local to a method: make it a record, or declare it outside");
        }
        if (type.isMemberClass() && !Modifier.isStatic(type.getModifiers())) {
            throw refusal(type, "is an inner class and needs its outer object: make it static");
        }
        if (type == Object.class || type == Class.class || Throwable.class.isAssignableFrom(type)) {
            throw refusal(type, "says nothing about what is in it: declare a record");
        }
    }

    /** Refuses what Jackson cannot read back, naming the path to it. */
    static void checkReadable(Class<?> type, ApplicationJson json) {
        String trouble = json.troubleWith(type);
        if (trouble != null) {
            throw refusal(type, "cannot be read back: " + trouble);
        }
    }

    private static IllegalArgumentException refusal(Class<?> type, String why) {
        return new IllegalArgumentException(type.getTypeName() + " cannot be an event type: it " + why);
    }
}
