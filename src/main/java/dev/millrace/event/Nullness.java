package dev.millrace.event;

import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.introspect.AnnotatedField;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.AnnotatedMethod;
import com.fasterxml.jackson.databind.introspect.AnnotatedParameter;
import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Executable;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.TypeVariable;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether a declaration says that a component must not be null: an annotation called {@code NonNull}, {@code
 * NotNull} or {@code Nonnull} of whatever package, or JSpecify's {@code @NullMarked} around it. It must be there at run
 * time.
 */
final class Nullness {
    private static final Set<String> NEVER = Set.of("NonNull", "NotNull", "Nonnull");
    private static final Set<String> MAYBE = Set.of("Nullable", "CheckForNull", "NullUnmarked");

    private Nullness() {}

    /** Whether a null there is refused. */
    static boolean isRefused(AnnotatedMember member) {
        JavaType type = member.getType();
        if (type.isPrimitive() || type.isReferenceType() || JsonNode.class.isAssignableFrom(type.getRawClass())) {
            return false; // a primitive has rules of its own; the others have a value for null
        }
        List<AnnotatedElement> declarations = declarations(member);
        if (says(declarations, MAYBE)) {
            return false;
        }
        return says(declarations, NEVER) || (isPlainComponent(member) && isMarked(member.getDeclaringClass()));
    }

    /** All places of a source where an annotation may stand that is about this member. */
    private static List<AnnotatedElement> declarations(AnnotatedMember member) {
        List<AnnotatedElement> declarations = new ArrayList<>();
        AnnotatedType type = type(member);
        if (type != null) {
            declarations.add(type);
        }
        if (member instanceof AnnotatedParameter parameter) {
            Member owner = parameter.getOwner().getMember();
            if (owner instanceof Executable executable && parameter.getIndex() < executable.getParameterCount()) {
                declarations.add(executable.getParameters()[parameter.getIndex()]);
            }
        } else {
            declarations.add(member.getAnnotated());
        }
        RecordComponent component = component(member);
        if (component != null) {
            declarations.add(component);
            declarations.add(component.getAnnotatedType());
        }
        return declarations;
    }

    private static @Nullable AnnotatedType type(AnnotatedMember member) {
        if (member instanceof AnnotatedParameter parameter) {
            return parameter.getOwner().getMember() instanceof Executable executable
                    ? at(executable.getAnnotatedParameterTypes(), parameter.getIndex())
                    : null;
        }
        if (member instanceof AnnotatedMethod method) {
            return method.getParameterCount() == 0
                    ? method.getAnnotated().getAnnotatedReturnType()
                    : at(method.getAnnotated().getAnnotatedParameterTypes(), 0);
        }
        return member instanceof AnnotatedField field ? field.getAnnotated().getAnnotatedType() : null;
    }

    private static @Nullable AnnotatedType at(AnnotatedType[] types, int index) {
        return index < types.length ? types[index] : null;
    }

    /** The component that a canonical constructor's parameter, an accessor or a field of a record stands for. */
    private static @Nullable RecordComponent component(AnnotatedMember member) {
        RecordComponent[] components = member.getDeclaringClass().getRecordComponents();
        if (components == null) {
            return null;
        }
        if (member instanceof AnnotatedParameter parameter) {
            boolean canonical = parameter.getOwner().getParameterCount() == components.length
                    && components[parameter.getIndex()].getType() == parameter.getRawType();
            return canonical ? components[parameter.getIndex()] : null;
        }
        for (RecordComponent component : components) {
            if (component.getName().equals(member.getName())) {
                return component;
            }
        }
        return null;
    }

    /** Whether {@code @NullMarked} is about it: not a type variable, and no getter that only computes something. */
    private static boolean isPlainComponent(AnnotatedMember member) {
        AnnotatedType type = type(member);
        boolean computed = member.getMember() instanceof Method method
                && method.getParameterCount() == 0
                && component(member) == null;
        return !computed && type != null && !(type.getType() instanceof TypeVariable<?>);
    }

    private static boolean isMarked(Class<?> type) {
        for (Class<?> next = type; next != null; next = next.getEnclosingClass()) {
            if (says(List.of(next), MAYBE)) {
                return false;
            }
            if (isMarkedItself(next)) {
                return true;
            }
        }
        Package around = type.getPackage();
        if (around != null && (isMarkedItself(around) || says(List.of(around), MAYBE))) {
            return isMarkedItself(around);
        }
        return isMarkedItself(type.getModule());
    }

    private static boolean isMarkedItself(AnnotatedElement element) {
        return says(List.of(element), Set.of("NullMarked"));
    }

    private static boolean says(List<AnnotatedElement> elements, Set<String> names) {
        for (AnnotatedElement element : elements) {
            for (Annotation annotation : element.getAnnotations()) {
                if (names.contains(annotation.annotationType().getSimpleName())) {
                    return true;
                }
            }
        }
        return false;
    }
}
