package dev.millrace.rules;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMembers;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaAnnotation;
import com.tngtech.archunit.core.domain.JavaEnumConstant;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** What no class may do: turn data from a row or from outside into code. */
final class Forbidden {
    private static final Set<String> LOADERS = Set.of("forName", "loadClass");
    private static final Set<String> OPEN_TYPING =
            Set.of("activateDefaultTyping", "activateDefaultTypingAsProperty", "enableDefaultTyping");

    private Forbidden() {}

    /** All of the rules. */
    static List<ArchRule> rules() {
        return List.of(
                noType("java.io.ObjectInputStream"),
                noType("java.beans.XMLDecoder"),
                noType("javax.script.ScriptEngine"),
                noType("javax.script.ScriptEngineManager"),
                noType("javax.naming.InitialContext"),
                noClassLoadingByName(),
                noOpenTyping(),
                noClassNamesInJsonOfTypes(),
                noClassNamesInJsonOfMembers());
    }

    static ArchRule noType(String name) {
        return noClasses().should().dependOnClassesThat().areAssignableTo(name).because("data must not become code");
    }

    static ArchRule noClassLoadingByName() {
        return noClasses()
                .should()
                .accessTargetWhere(describe("loads a class by name", access -> {
                    String owner = access.getTargetOwner().getName();
                    return LOADERS.contains(access.getName())
                            && (owner.equals("java.lang.Class")
                                    || access.getTargetOwner().isAssignableTo(ClassLoader.class));
                }))
                .because("types come from the registry, never from a name in a row");
    }

    static ArchRule noOpenTyping() {
        return noClasses()
                .should()
                .accessTargetWhere(
                        describe("lets JSON choose classes", access -> OPEN_TYPING.contains(access.getName())))
                .because("polymorphism is over registered or sealed types only");
    }

    static ArchRule noClassNamesInJsonOfTypes() {
        return noClasses().should().beAnnotatedWith(byClassName());
    }

    static ArchRule noClassNamesInJsonOfMembers() {
        return noMembers().should().beAnnotatedWith(byClassName()).allowEmptyShould(true);
    }

    private static DescribedPredicate<JavaAnnotation<?>> byClassName() {
        return DescribedPredicate.describe("@JsonTypeInfo by class name", annotation -> {
            boolean typeInfo = annotation.getRawType().getName().equals(JsonTypeInfo.class.getName());
            return typeInfo
                    && annotation
                            .get("use")
                            .map(use -> Set.of("CLASS", "MINIMAL_CLASS").contains(((JavaEnumConstant) use).name()))
                            .orElse(false);
        });
    }

    private static DescribedPredicate<JavaAccess<?>> describe(String description, Predicate<JavaAccess<?>> predicate) {
        return DescribedPredicate.describe(description, predicate);
    }
}
