package dev.millrace.event;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Set;

/** What callers give, looked at for nulls: the refusal names the parameter. */
final class Given {
    private Given() {}

    /** A copy in which each element stands once. */
    static <E> Set<E> set(String name, Collection<E> given) {
        Set<E> copy = new LinkedHashSet<>();
        for (E element : Objects.requireNonNull(given, name)) {
            copy.add(Objects.requireNonNull(element, name + ": an element"));
        }
        return Set.copyOf(copy);
    }

    /** Names of event types, each of which obeys the rule for names. */
    static Set<String> typeNames(Collection<String> given) {
        Set<String> names = set("types", given);
        names.forEach(name -> Names.check("event type name", name));
        return names;
    }

    /** As the other one, of an array. */
    static <E> Set<E> set(String name, E[] given) {
        return set(name, Arrays.asList(Objects.requireNonNull(given, name)));
    }
}
