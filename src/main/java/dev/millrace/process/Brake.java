package dev.millrace.process;

/** Holds this process back from claiming: because it stops, or because its JVM is not to be trusted. Thread-safe. */
public final class Brake {
    private volatile boolean pulled;

    /** From now on nothing new is claimed, and what is claimed but has not started goes back. */
    public void pull() {
        pulled = true;
    }

    boolean isPulled() {
        return pulled;
    }
}
