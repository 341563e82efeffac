package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "api-call",
                "mail.send",
                "Order Placed",
                "'; drop table event; --",
                "java.lang.Runtime",
                "日本",
                "\u05D0\u05D1",
                "\uD83D\uDE00",
                "क्\u200Dष"
            })
    void check_ordinaryOrOdd_isAccepted(String name) {
        assertThat(Names.check("flow name", name)).isSameAs(name);
    }

    @Test
    void check_twoHundredCodePoints_isAccepted() {
        String emoji = "\uD83D\uDE00".repeat(200);

        assertThat(Names.check("flow name", emoji)).hasSize(400);
    }

    @Test
    void check_twoHundredAndOneCodePoints_isRefusedWithItsLength() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Names.check("flow name", "x".repeat(201)))
                .withMessageStartingWith("flow name must have at most 200 characters, got 201: 'xxx")
                .withMessageEndingWith("...'");
    }

    @Test
    void check_empty_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Names.check("progression name", ""))
                .withMessage("progression name must not be empty");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a\u0000b",
                "a\nb",
                "a\rb",
                "\u001B[31m",
                "a\u007Fb",
                "a\u0085b",
                "a\u2028b",
                "a\u2029b",
                "a\u202Eb",
                "a\u2066b",
                "\uD83D",
                "a\uDE00b"
            })
    void check_whatActsInsteadOfShowing_isRefusedAndEscaped(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Names.check("event type name", name))
                .withMessageStartingWith("event type name must not contain control characters")
                .satisfies(e -> assertThat(e.getMessage().codePoints()).allMatch(Texts::isPlain));
    }

    @ParameterizedTest
    @ValueSource(strings = {" a", "a ", " ", "\u00A0a", "a\u2003", "\u3000"})
    void check_blankAtAnEnd_isRefused(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Names.check("flow name", name))
                .withMessageStartingWith("flow name must not begin or end with a blank");
    }
}
