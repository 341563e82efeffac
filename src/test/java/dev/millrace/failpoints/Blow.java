package dev.millrace.failpoints;

/** What happens to a process at a failpoint. */
enum Blow {
    /** It dies there, as by SIGKILL. */
    HALT("halt"),

    /** All of it stands still there until its lease is over and others have done its work; then it goes on. */
    STALL("stall past the lease"),

    /** The next COMMIT on that way does not reach the server: its connection is lost. */
    CUT_BEFORE_COMMIT("cut before COMMIT"),

    /** The answer to the next COMMIT on that way does not come: its connection is lost. */
    CUT_AFTER_COMMIT("cut after COMMIT");

    private final String words;

    Blow(String words) {
        this.words = words;
    }

    String words() {
        return words;
    }
}
