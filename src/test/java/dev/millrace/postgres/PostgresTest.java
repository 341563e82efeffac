package dev.millrace.postgres;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test class that gets a database of its own. Any constructor, method or lifecycle method may take a
 * {@link TestDatabase} parameter; all of one class (its nested ones too) get the same.
 *
 * <p>The server is the one {@code MILLRACE_TEST_JDBC_URL} names (environment or system property, user and password in
 * the URL), else a container when a Docker engine is there, else an embedded one. With the system property
 * {@code millrace.test.pooler=true} the tests reach it through a PgBouncer of the run's own, in transaction mode;
 * {@link NotPooled} says which do not.
 */
@Documented
@Inherited
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(DatabaseExtension.class)
public @interface PostgresTest {}
