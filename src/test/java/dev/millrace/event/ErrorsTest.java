package dev.millrace.event;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ErrorsTest {
    private final Throwable plain = new IllegalStateException("plain");
    private final Throwable retryable = new ConnectionException("later");
    private final Throwable never = new ValidationException("never");

    /** A group whose members can be set later, so that it can contain itself. */
    static final class OpenGroup extends ExceptionGroup {
        private static final long serialVersionUID = 1L;
        final transient List<Throwable> members = new ArrayList<>();

        OpenGroup(String message) {
            super(message, List.of(new IOException("member")));
        }

        @Override
        public List<Throwable> exceptions() {
            return members;
        }
    }

    static ExceptionGroup group(Throwable... members) {
        return new ExceptionGroup("group", List.of(members));
    }

    private static JsonNode json(String text) {
        return Json.parse(text.replace('\'', '"'));
    }

    @Nested
    class Retryable {
        @Test
        @DisplayName("R-018 the matrix: all must be retryable, unknown exceptions are")
        void retryable_ofGroups_needsAll() {
            assertThat(Errors.retryable(plain)).isTrue();
            assertThat(Errors.retryable(never)).isFalse();
            assertThat(Errors.retryable(group(retryable, retryable))).isTrue();
            assertThat(Errors.retryable(group(retryable, never))).isFalse();
            assertThat(Errors.retryable(group(never, never))).isFalse();
            assertThat(Errors.retryable(group(plain, retryable))).isTrue();
        }

        @Test
        @DisplayName("R-018 nested groups count at any depth")
        void retryable_finalErrorDeepDown_isFalse() {
            Throwable nested = never;
            for (int i = 0; i < 10_000; i++) {
                nested = group(plain, nested);
            }

            assertThat(Errors.retryable(nested)).isFalse();
        }

        @Test
        @DisplayName("R-018 a suppressed exception counts as a child")
        void retryable_finalErrorSuppressed_isFalse() {
            Throwable error = new IOException("read");
            error.addSuppressed(new ValidationException("close"));

            assertThat(Errors.retryable(error)).isFalse();
        }

        @Test
        @DisplayName("R-018 a group that contains itself ends")
        void retryable_cycle_ends() {
            OpenGroup group = new OpenGroup("cycle");
            group.members.addAll(List.of(group, retryable));

            assertThat(Errors.retryable(group)).isTrue();
        }

        @Test
        @DisplayName("R-018 a group shared over and over is looked at once")
        void retryable_wideSharing_isQuick() {
            Throwable shared = plain;
            for (int i = 0; i < 200; i++) {
                shared = group(shared, shared);
            }

            assertThat(Errors.retryable(shared)).isTrue();
        }
    }

    @Nested
    class Document {
        @Test
        @DisplayName("R-026 a library error has name, message and retryable, and details only if there are any")
        void document_ofLibraryError_hasDetailsOnlyIfAny() {
            assertThat(Errors.document(new QueueFullException("full", Map.of("max_size", 5))))
                    .hasToString(
                            json("{'error':'QueueFullError','message':'full','retryable':true,'details':{'max_size':5}}")
                                    .toString());
            assertThat(Errors.document(never))
                    .isEqualTo(json("{'error':'ValidationError','message':'never','retryable':false}"));
        }

        @Test
        @DisplayName("R-026 any other error has simple name and message, and nothing else")
        void document_ofOtherError_hasNameAndMessageOnly() {
            Throwable error = new IllegalStateException("why", new IOException("cause"));

            assertThat(Errors.document(error)).isEqualTo(json("{'error':'IllegalStateException','message':'why'}"));
            assertThat(Errors.document(new IOException())).isEqualTo(json("{'error':'IOException','message':''}"));
        }

        @Test
        @DisplayName("R-026 a group counts its sub-exceptions in its message")
        void document_ofGroup_listsItsMembers() {
            assertThat(Errors.document(new ExceptionGroup("multiple errors", List.of(plain, never, retryable))))
                    .isEqualTo(json("""
                                    {'error':'ExceptionGroup','message':'multiple errors (3 sub-exceptions)','exceptions':[
                                     {'error':'IllegalStateException','message':'plain'},
                                     {'error':'ValidationError','message':'never','retryable':false},
                                     {'error':'ConnectionError','message':'later','retryable':true}]}"""));
            assertThat(Errors.document(new ExceptionGroup("o", List.of(plain)))
                            .path("message")
                            .textValue())
                    .isEqualTo("o (1 sub-exception)");
        }

        @Test
        @DisplayName("R-026 suppressed exceptions are children, after a group's own")
        void document_withSuppressed_listsThemLast() {
            ExceptionGroup error = new ExceptionGroup("o", List.of(plain));
            error.addSuppressed(new IOException("close"));

            JsonNode exceptions = Errors.document(error).path("exceptions");

            assertThat(exceptions.findValuesAsText("message")).containsExactly("plain", "close");
            IOException single = new IOException("read");
            single.addSuppressed(new IOException("close"));
            assertThat(Errors.document(single))
                    .isEqualTo(
                            json(
                                    "{'error':'IOException','message':'read','exceptions':[{'error':'IOException','message':'close'}]}"));
        }

        @Test
        @DisplayName("R-026 an anonymous class has the name of the class above it")
        void document_ofAnonymousClass_hasASensibleName() {
            Throwable anonymous = new IllegalStateException("x") {
                private static final long serialVersionUID = 1L;
            };

            assertThat(Errors.document(anonymous).path("error").textValue()).isEqualTo("IllegalStateException");
        }

        @Test
        void document_whenItsMethodsThrow_isWrittenAllTheSame() {
            MillraceException hostile = new MillraceException("x") {
                private static final long serialVersionUID = 1L;

                @Override
                public String getMessage() {
                    throw new IllegalStateException("message");
                }

                @Override
                public Map<String, Object> details() {
                    throw new AssertionError("details");
                }

                @Override
                public String errorName() {
                    throw new StackOverflowError();
                }
            };
            ExceptionGroup broken = new ExceptionGroup("g", List.of(plain)) {
                private static final long serialVersionUID = 1L;

                @Override
                public List<Throwable> exceptions() {
                    throw new UnsupportedOperationException("members");
                }
            };

            JsonNode document = Errors.document(group(hostile, broken));

            assertThat(document.path("exceptions").path(0).path("message").textValue())
                    .isEqualTo("<no message: getMessage() threw java.lang.IllegalStateException>");
            assertThat(document.path("exceptions").path(0).path("details").toString())
                    .contains("AssertionError");
            assertThat(document.path("exceptions").path(1).path("exceptions").findValuesAsText("message"))
                    .containsExactly("members");
        }

        @Test
        void document_detailsThatCannotBeWritten_areMarked() {
            List<Object> self = new ArrayList<>();
            self.add(self);

            JsonNode document = Errors.document(new ValidationException("x", Map.of("self", self)));

            assertThat(document.path("details").textValue()).isEqualTo("<unserializable>");
        }
    }

    @Nested
    class Limits {
        private static JsonNode descend(JsonNode document, int levels) {
            JsonNode at = document;
            for (int i = 0; i < levels; i++) {
                at = at.path("exceptions").path(0);
            }
            return at;
        }

        private Throwable nested(int groupsAroundALeaf) {
            Throwable nested = plain;
            for (int i = 0; i < groupsAroundALeaf; i++) {
                nested = new ExceptionGroup("g" + i, List.of(nested, plain));
            }
            return nested;
        }

        @Test
        @DisplayName("R-027 levels 0 to 100 are written in full")
        void document_hundredAndOneGroups_isComplete() {
            JsonNode document = Errors.document(nested(101));

            assertThat(document.toString()).doesNotContain("Max nesting depth");
            assertThat(descend(document, 101).path("message").textValue()).isEqualTo("plain");
        }

        @Test
        @DisplayName("R-027 a group at level 101 is cut and says how many it had")
        void document_groupAtLevel101_isCut() {
            for (int groups : new int[] {102, 151, 5_000}) {
                JsonNode document = Errors.document(nested(groups));

                assertThat(descend(document, 100).path("message").textValue()).startsWith("g");
                assertThat(descend(document, 101))
                        .isEqualTo(
                                json(
                                        "{'error':'ExceptionGroup','message':'Max nesting depth (100) exceeded','nested_count':2}"));
            }
        }

        @Test
        @DisplayName("R-027 what only carries suppressed exceptions keeps its name at level 101")
        void document_suppressedAtLevel101_isCutUnderItsOwnName() {
            Throwable inner = new IOException("innermost");
            for (int i = 0; i < 102; i++) {
                Throwable outer = new IOException("level " + (101 - i));
                outer.addSuppressed(inner);
                inner = outer;
            }

            assertThat(descend(Errors.document(inner), 101))
                    .isEqualTo(json("{'error':'IOException','message':'level 101','nested_count':1}"));
        }

        @Test
        @DisplayName("R-028 a group on the current path is a circular reference")
        void document_cycle_isMarked() {
            OpenGroup outer = new OpenGroup("outer");
            OpenGroup inner = new OpenGroup("inner");
            outer.members.add(inner);
            inner.members.addAll(List.of(outer, plain));

            assertThat(descend(Errors.document(outer), 2))
                    .isEqualTo(json("{'error':'ExceptionGroup','message':'Circular reference detected'}"));
        }

        @Test
        @DisplayName("R-028 exceptions that suppress each other are a circular reference too")
        void document_cycleOfSuppressed_isMarked() {
            Throwable one = new IOException("one");
            Throwable two = new IOException("two");
            one.addSuppressed(two);
            two.addSuppressed(one);

            assertThat(descend(Errors.document(one), 2))
                    .isEqualTo(json("{'error':'IOException','message':'Circular reference detected'}"));
        }

        @Test
        @DisplayName("R-028 a group shared by two branches is written twice")
        void document_sharedGroup_isWrittenTwice() {
            Throwable shared = group(plain);

            JsonNode document = Errors.document(group(group(shared), group(shared), shared));

            assertThat(document.toString()).doesNotContain("Circular");
            assertThat(descend(document, 3)).isEqualTo(Errors.document(plain));
            assertThat(document.path("exceptions").path(2)).isEqualTo(Errors.document(shared));
        }

        @Test
        void document_wideSharing_staysWithinTheBudget() {
            Throwable shared = plain;
            for (int i = 0; i < 100; i++) {
                shared = group(shared, shared);
            }

            assertThat(bytes(Errors.document(shared))).isLessThanOrEqualTo(ErrorDocument.MAX_BYTES);
        }

        @Test
        void document_millionMembers_saysHowManyAreOmitted() {
            ObjectNode document = Errors.document(new ExceptionGroup("many", Collections.nCopies(1_000_000, plain)));

            assertThat(bytes(document)).isBetween(60_000, ErrorDocument.MAX_BYTES);
            assertThat(document.path("exceptions").size()
                            + document.path("omitted").intValue())
                    .isEqualTo(1_000_000);
        }

        @Test
        void document_longMessage_isCutAndTellsItsLength() {
            String message = "\uD83D\uDE00".repeat(5_000);

            String stored =
                    Errors.document(new IOException(message)).path("message").textValue();

            assertThat(stored.getBytes(StandardCharsets.UTF_8).length)
                    .isBetween(ErrorDocument.MAX_MESSAGE_BYTES - 4, ErrorDocument.MAX_MESSAGE_BYTES);
            assertThat(stored).endsWith("... [cut: 20000 bytes in all]");
            assertThat(Texts.trouble(stored)).isNegative();
        }

        @Test
        void document_messageOfExactlyTheLimit_isKept() {
            String message = "x".repeat(ErrorDocument.MAX_MESSAGE_BYTES);

            assertThat(Errors.document(new IOException(message)).path("message").textValue())
                    .isEqualTo(message);
        }

        @Test
        void document_charactersThatCannotBeStored_areReplaced() {
            Throwable error = new IOException("a\u0000b\uD83Dc\uDE00d\uD83D\uDE00");

            assertThat(Errors.document(error).path("message").textValue())
                    .isEqualTo("a\uFFFDb\uFFFDc\uFFFDd\uD83D\uDE00");
        }

        @Test
        void document_worstOfEverything_staysWithinTheBudget() {
            String escaped = "\u0001".repeat(20_000);
            ValidationException root = new ValidationException(escaped, Map.of("x", escaped));
            root.addSuppressed(new ValidationException(escaped, Map.of("x", escaped)));
            root.addSuppressed(plain);

            ObjectNode document = Errors.document(root);

            assertThat(bytes(document)).isLessThanOrEqualTo(ErrorDocument.MAX_BYTES);
            assertThat(document.path("omitted").intValue()).isEqualTo(2);
            assertThat(document.path("details").path("millrace").textValue()).isEqualTo("too large to store");
        }
    }

    @Nested
    class Origin {
        private static Throwable deep(int causes, String message) {
            Throwable error = new IOException(message);
            for (int i = 0; i < causes; i++) {
                error = new IllegalStateException(message, error);
                error.addSuppressed(new IOException(message));
            }
            return error;
        }

        @Test
        @DisplayName(
                "12.4 causes and traces keep to their own budget, and the whole to that of an error, whatever is in them")
        void document_withOrigin_keepsToItsBudget() {
            for (String message : List.of("", "short", "\u0001".repeat(20_000), "\uD83D\uDE00".repeat(5_000))) {
                for (int causes : new int[] {0, 1, 5, 40}) {
                    for (int budget : new int[] {1, 50, 300, 2_000, 8_192, 32_768}) {
                        Throwable error = deep(causes, message);
                        int without = bytes(Errors.document(error));

                        ObjectNode document = Errors.document(error, budget);

                        String as = "%d causes, budget %d, message of %d".formatted(causes, budget, message.length());
                        assertThat(bytes(document)).as(as).isLessThanOrEqualTo(ErrorDocument.MAX_BYTES);
                        if (!document.has("omitted") && causes <= 1) {
                            assertThat(bytes(document) - without).as(as).isLessThanOrEqualTo(budget);
                        }
                        assertThat(Json.parse(Json.text(document))).as(as).isEqualTo(document);
                    }
                }
            }
        }

        @Test
        @DisplayName("12.4 without a budget an error is stored as ever")
        void document_withoutOrigin_isAsEver() {
            assertThat(Errors.document(deep(3, "x"), 0)).isEqualTo(Errors.document(deep(3, "x")));
        }

        @Test
        @DisplayName("12.4 more causes than are kept are counted, and members of a group have theirs")
        void document_ofAGroup_hasItsMembersCauses() {
            JsonNode many = Errors.document(deep(40, "x"), 32_768);
            JsonNode ofGroup = Errors.document(group(new IOException("read", new IOException("no route"))), 8_192);

            assertThat(many.path("causes").size() + many.path("causes_omitted").asInt())
                    .isEqualTo(40);
            assertThat(many.path("causes").size()).isEqualTo(ErrorOrigin.MAX_CAUSES);
            assertThat(ofGroup.at("/exceptions/0/causes/0/message").asText()).isEqualTo("no route");
        }
    }

    @Nested
    class Add {
        @Test
        @DisplayName("R-030 the first error stays itself")
        void add_toNothing_isTheErrorItself() {
            assertThat(Errors.add(null, plain)).isSameAs(plain);
        }

        @Test
        @DisplayName("R-030 two errors become a group")
        void add_toOne_isAGroupOfTwo() {
            Throwable both = Errors.add(plain, never);

            assertThat(both).hasMessage("multiple errors (2 sub-exceptions)");
            assertThat(((ExceptionGroup) both).exceptions()).containsExactly(plain, never);
        }

        @Test
        @DisplayName("R-030 a group is flattened by one level, and what it suppressed is kept")
        void add_toGroup_flattensOneLevel() {
            ExceptionGroup inner = group(retryable);
            ExceptionGroup existing = group(plain, inner);
            existing.addSuppressed(new IOException("close"));

            Throwable all = Errors.add(existing, group(never));

            assertThat(all).hasMessage("multiple errors (3 sub-exceptions)");
            assertThat(((ExceptionGroup) all).exceptions()).hasSize(3).startsWith(plain, inner);
            assertThat(all.getSuppressed()).hasSize(1);
        }

        @Test
        @DisplayName("R-030 an Error is kept like any other (the model refuses it)")
        void add_anError_isKept() {
            assertThat(((ExceptionGroup) Errors.add(plain, new AssertionError("x"))).exceptions())
                    .hasSize(2);
        }
    }

    static int bytes(JsonNode document) {
        return Json.text(document).getBytes(StandardCharsets.UTF_8).length;
    }
}
