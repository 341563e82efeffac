package dev.millrace.cli.torture;

import java.util.Locale;

/** What must never be otherwise, checked at the end by the statement of the same name; some also all the time. */
enum Invariant {
    I01_KEPT,
    I02_NO_PHANTOM,
    I03_ENDS,
    I04_FINAL,
    I05_SETTLED_ONCE,
    I06_ONE_TABLE,
    I07_COUNTS,
    I08_RAN,
    I09_REFUSED,
    I10_LEASES,
    I11_ATTEMPTS,
    I12_EFFECTS,
    I14_NOT_EARLY,
    I15_NO_ORPHAN,
    I16_LEGAL_MOVES,
    I18_AS_AUDITED,
    I20_BOUNDED_LOSS,
    I21_CANCELLED,
    I22_UNIQUE,
    I23_PAUSED,
    I24_RUN_AT,
    R1_GRACE,
    R2_POISON,
    R3_SUSPECTS_ALONE,
    R4_ABORTED_AFTER_DEATHS;

    /** Its name in reports, and its file's. */
    String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The one that a column of an observation belongs to: its number is the column's. */
    static String ofColumn(String column) {
        for (Invariant invariant : values()) {
            if (column.startsWith(invariant.wireName().substring(0, 4))) {
                return invariant.wireName();
            }
        }
        throw new IllegalArgumentException("no invariant for " + column);
    }
}
