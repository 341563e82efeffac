package dev.millrace.thread;

import java.security.AccessController;
import java.security.PrivilegedAction;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * Makes every thread of the library. No thread inherits anything of the thread that happened to ask first: no inheritable
 * thread locals, no access context, no priority, no thread group. The context class loader is the one that loaded Millrace.
 * Thread-safe.
 */
public final class Threads {
    private static final ClassLoader LOADER = Threads.class.getClassLoader();
    private static final ThreadGroup GROUP = topmostGroup();

    /** The first Java version without access contexts that threads inherit. */
    private static final int NO_ACCESS_CONTEXTS = 24;

    private Threads() {}

    /** A virtual thread that has not started. */
    public static Thread virtual(String name, Runnable task) {
        return ours(Thread.ofVirtual()
                .name(name)
                .inheritInheritableThreadLocals(false)
                .unstarted(task));
    }

    /** A virtual thread that runs. */
    public static Thread startVirtual(String name, Runnable task) {
        Thread thread = virtual(name, task);
        thread.start();
        return thread;
    }

    /** A platform thread that has not started and does not keep the JVM alive. */
    public static Thread daemon(String name, Runnable task) {
        return platform(name, task, true);
    }

    /** A platform thread that runs and does not keep the JVM alive. */
    public static Thread startDaemon(String name, Runnable task) {
        Thread thread = daemon(name, task);
        thread.start();
        return thread;
    }

    /** A platform thread that has not started and keeps the JVM alive while it runs; also for shutdown hooks. */
    public static Thread user(String name, Runnable task) {
        return platform(name, task, false);
    }

    /** Makes platform threads for a pool, named by {@code prefix} and a number; they do not keep the JVM alive. */
    public static ThreadFactory daemons(String prefix) {
        AtomicLong number = new AtomicLong();
        return task -> daemon(prefix + number.incrementAndGet(), task);
    }

    /** Makes virtual threads for an executor service, named by {@code prefix} and a number. */
    public static ThreadFactory virtuals(String prefix) {
        AtomicLong number = new AtomicLong();
        return task -> virtual(prefix + number.incrementAndGet(), task);
    }

    @SuppressWarnings("ThreadPriorityCheck") // not to prefer a thread, but not to inherit a priority
    private static Thread platform(String name, Runnable task, boolean daemon) {
        return ours(withoutAccessContext(() -> Thread.ofPlatform()
                .group(GROUP)
                .name(name)
                .daemon(daemon)
                .priority(Thread.NORM_PRIORITY)
                .inheritInheritableThreadLocals(false)
                .unstarted(task)));
    }

    private static Thread ours(Thread thread) {
        thread.setContextClassLoader(LOADER);
        return thread;
    }

    /** A new platform thread takes over the access context of the caller, and with it a {@code Subject}, up to Java 23. */
    @SuppressWarnings("removal") // not called where it may be gone
    private static Thread withoutAccessContext(Supplier<Thread> maker) {
        if (Runtime.version().feature() >= NO_ACCESS_CONTEXTS) {
            return maker.get();
        }
        return AccessController.doPrivileged((PrivilegedAction<Thread>) maker::get);
    }

    private static ThreadGroup topmostGroup() {
        ThreadGroup group = Thread.currentThread().getThreadGroup();
        while (group.getParent() != null) {
            group = group.getParent();
        }
        return group;
    }
}
