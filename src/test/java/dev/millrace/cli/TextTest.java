package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TextTest {
    @Test
    void printable_withControlCharacters_escapesThem() {
        assertThat(Text.printable("a\u001b[2Jb\r\nc\u0007\u009b", 100)).isEqualTo("a\\u001b[2Jb\\r\\nc\\u0007\\u009b");
    }

    @Test
    void printable_withMarksThatTurnTheDirection_escapesThem() {
        assertThat(Text.printable("x\u202ey\u200bz\ud800", 100)).isEqualTo("x\\u202ey\\u200bz\\ud800");
    }

    @Test
    void printable_ofPlainWriting_leavesIt() {
        assertThat(Text.printable("Grüße, 世界 🎉", 100)).isEqualTo("Grüße, 世界 🎉");
    }

    @Test
    void printable_ofALongText_cutsItWithoutCuttingACharacter() {
        assertThat(Text.printable("🎉🎉🎉", 3)).isEqualTo("🎉...");
    }
}
