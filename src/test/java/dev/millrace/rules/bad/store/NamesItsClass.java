package dev.millrace.rules.bad.store;

import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** JSON that names classes, on a type and on a member. */
@JsonTypeInfo(use = JsonTypeInfo.Id.CLASS)
final class NamesItsClass {
    @JsonTypeInfo(use = JsonTypeInfo.Id.MINIMAL_CLASS)
    final Object member = new Object();
}
