package dev.millrace.rules;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMembers;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaAnnotation;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaEnumConstant;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.function.Predicate;

/** What no class may do: turn data from a row or from outside into code, and make threads of its own. */
final class Forbidden {
    /** Looks for a class of a framework whose name stands in its code. */
    private static final String KNOWS_ITS_NAMES = "dev.millrace.store.BorrowCheck";

    private static final Set<String> LOADERS = Set.of("forName", "loadClass");
    private static final Set<String> OPEN_TYPING =
            Set.of("activateDefaultTyping", "activateDefaultTypingAsProperty", "enableDefaultTyping");

    private static final Set<String> ON_THE_JVMS_THREADS = Set.of("orTimeout", "completeOnTimeout", "delayedExecutor");

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
                noClassNamesInJsonOfMembers(),
                noThreadsFromElsewhere(),
                noExecutorsWithThreadsOfTheirOwn());
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
                            && !access.getOriginOwner().getFullName().equals(KNOWS_ITS_NAMES)
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

    /** Threads are made by {@code dev.millrace.thread} alone: made elsewhere, they inherit from whoever asks first. */
    static ArchRule noThreadsFromElsewhere() {
        return noClasses()
                .that(areNotTheFactory())
                .should()
                .accessTargetWhere(describe("makes a thread", access -> {
                    String owner = access.getTargetOwner().getName();
                    String name = access.getName();
                    return switch (owner) {
                        case "java.lang.Thread" ->
                            Set.of("<init>", "ofVirtual", "ofPlatform", "startVirtualThread")
                                    .contains(name);
                        case "java.util.Timer", "java.util.concurrent.ForkJoinPool" -> true;
                        default -> name.equals("parallelStream") || name.equals("parallel");
                    };
                }))
                .because("a thread inherits context from its maker, unless it is told not to");
    }

    /** A pool is given our threads, and nothing asynchronous is left to the JVM's common ones. */
    static ArchRule noExecutorsWithThreadsOfTheirOwn() {
        return noClasses()
                .that(areNotTheFactory())
                .should()
                .accessTargetWhere(describe("has threads of its own", access -> {
                    if (!(access.getTarget() instanceof CodeUnitAccessTarget called)) {
                        return false;
                    }
                    JavaClass owner = called.getOwner();
                    boolean given = called.getRawParameterTypes().stream()
                            .anyMatch(type ->
                                    type.isAssignableTo(ThreadFactory.class) || type.isAssignableTo(Executor.class));
                    boolean makes = owner.getName().equals("java.util.concurrent.Executors")
                            || (owner.isAssignableTo(ThreadPoolExecutor.class)
                                    && called.getName().equals("<init>"))
                            || (owner.getName().equals("java.util.concurrent.CompletableFuture")
                                    && (called.getName().endsWith("Async")
                                            || ON_THE_JVMS_THREADS.contains(called.getName())));
                    return makes && !given;
                }))
                .because("the JVM's common threads inherit from whoever needed them first");
    }

    private static DescribedPredicate<JavaClass> areNotTheFactory() {
        return DescribedPredicate.describe(
                "are not in the package thread",
                javaClass -> !javaClass.getPackageName().equals("dev.millrace.thread"));
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
