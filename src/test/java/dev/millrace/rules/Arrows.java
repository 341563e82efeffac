package dev.millrace.rules;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which package may see which, below a base package; a package's own sub-packages belong to it. The base is a
 * parameter so that the rules can be shown to fail on classes that break them.
 *
 * @param base such as {@code dev.millrace}
 */
record Arrows(String base) {
    /** The front door, which is the base package itself. */
    private static final String ROOT = "";

    private static final Set<String> VOCABULARY = Set.of("event", "work", "thread", ROOT);

    /** Who may see whom. The map has no cycle; a package that is not in it has no business being there. */
    private static final Map<String, Set<String>> MAY_SEE = Map.of(
            "event",
            Set.of(),
            "thread",
            Set.of(),
            "work",
            Set.of("event"),
            "store",
            Set.of("event", "thread"),
            "process",
            Set.of("store", "work", "event", "thread"),
            "maintain",
            Set.of("store", "event"),
            ROOT,
            Set.of("process", "maintain", "store", "work", "event", "thread"),
            "cli",
            VOCABULARY,
            "web",
            VOCABULARY,
            "testing",
            VOCABULARY);

    /** All of the rules of this record. */
    List<ArchRule> rules() {
        return List.of(
                arrowsPointOneWay(),
                subPackagesHaveNoCycles(),
                only("org.jdbi", "store"),
                only("com.zaxxer.hikari", ROOT, "store", "cli"),
                only("org.flywaydb", ROOT, "store"),
                only("io.zonky", "cli"),
                only("picocli", "cli"),
                jdbcStaysInTheStore());
    }

    ArchRule arrowsPointOneWay() {
        return classes()
                .should(new ArchCondition<JavaClass>("see only the packages that the map of the code lets them") {
                    @Override
                    public void check(JavaClass origin, ConditionEvents events) {
                        String from = packageOf(origin);
                        if (!MAY_SEE.containsKey(from)) {
                            events.add(SimpleConditionEvent.violated(
                                    origin,
                                    origin.getName() + " is in package '" + from + "', which is not in the map"));
                            return;
                        }
                        for (Dependency dependency : origin.getDirectDependenciesFromSelf()) {
                            JavaClass target = dependency.getTargetClass().getBaseComponentType();
                            boolean ours = isOurs(target) && !packageOf(target).equals(from);
                            if (ours && !MAY_SEE.get(from).contains(packageOf(target))) {
                                events.add(SimpleConditionEvent.violated(dependency, dependency.getDescription()));
                            }
                        }
                    }
                })
                .because("a cycle makes two packages one");
    }

    ArchRule subPackagesHaveNoCycles() {
        return SlicesRuleDefinition.slices()
                .matching(base + ".(**)")
                .should()
                .beFreeOfCycles()
                .allowEmptyShould(true);
    }

    /** Nothing but those packages may use a library. */
    ArchRule only(String library, String... packages) {
        return noClasses()
                .that(areNotIn(packages))
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library + "..")
                .allowEmptyShould(true)
                .because("only " + Arrays.toString(packages) + " knows " + library);
    }

    /** A caller's own connection and data source pass through the front door; nothing else of JDBC does. */
    ArchRule jdbcStaysInTheStore() {
        return classes()
                .that(areNotIn("store", "cli"))
                .should(new ArchCondition<JavaClass>("leave JDBC to the store") {
                    @Override
                    public void check(JavaClass origin, ConditionEvents events) {
                        String from = packageOf(origin);
                        boolean door = from.equals(ROOT) || from.equals("work") || from.equals("testing");
                        for (Dependency dependency : origin.getDirectDependenciesFromSelf()) {
                            String target = dependency.getTargetClass().getName();
                            boolean jdbc = target.startsWith("java.sql.")
                                    || target.startsWith("javax.sql.")
                                    || target.startsWith("org.postgresql.");
                            boolean passing = Set.of(
                                            "java.sql.Connection", "java.sql.SQLException", "javax.sql.DataSource")
                                    .contains(target);
                            if (jdbc && !(door && passing)) {
                                events.add(SimpleConditionEvent.violated(dependency, dependency.getDescription()));
                            }
                        }
                    }
                })
                .allowEmptyShould(true);
    }

    private DescribedPredicate<JavaClass> areNotIn(String... packages) {
        List<String> names = List.of(packages);
        return DescribedPredicate.describe("are not in " + names, javaClass -> !names.contains(packageOf(javaClass)));
    }

    private boolean isOurs(JavaClass javaClass) {
        return javaClass.getPackageName().equals(base)
                || javaClass.getPackageName().startsWith(base + ".");
    }

    /** The first name after the base; empty for the base package itself. */
    private String packageOf(JavaClass javaClass) {
        String name = javaClass.getPackageName();
        if (name.equals(base)) {
            return ROOT;
        }
        String below = name.substring(base.length() + 1);
        int dot = below.indexOf('.');
        return dot < 0 ? below : below.substring(0, dot);
    }
}
