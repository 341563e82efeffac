package dev.millrace.event;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names a payload class for the rows that hold its payloads; without it the simple name in kebab-case is used
 * ({@code ApiCall} is {@code api-call}). Also names a class that a sealed type permits, for fields of that type. Give a name explicitly to what may be renamed: the name outlives the class.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface EventType {
    /** The name, obeying {@link Names#check}. */
    String value();
}
