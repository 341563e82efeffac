package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Pages of a progression: each member that stays is seen once, in order, whatever moves meanwhile. */
class PagingTest extends WithMillrace {
    PagingTest(TestDatabase database) {
        super(database);
    }

    /** All ids of a status, by pages of that size; checks that no page is larger. */
    private static List<UUID> paged(Executor<?> executor, EventStatus status, int size) {
        List<UUID> ids = new ArrayList<>();
        String next = null;
        int pages = 0;
        do {
            EventPage<?> page = executor.events(status, next, size);
            assertThat(page.events()).hasSizeLessThanOrEqualTo(size);
            page.events().forEach(event -> ids.add(event.id()));
            next = page.next();
            assertThat(++pages).as("paging comes to an end").isLessThan(10_000);
        } while (next != null);
        return ids;
    }

    @Test
    @DisplayName(
            "R-082 pending comes in the order it will be claimed: due ones by priority and append, then later ones by due time")
    void pending_dueThenLater() {
        Executor<Task> tasks = tasks().build();
        Instant now = Instant.now();
        List<UUID> expected = new ArrayList<>();
        UUID inTwoDays = tasks.append(new Task("x"), Append.priority(1).withRunAt(now.plus(Duration.ofDays(2))));
        UUID inOneDay = tasks.append(new Task("x"), Append.priority(9).withRunAt(now.plus(Duration.ofDays(1))));
        UUID low = tasks.append(new Task("x"), Append.priority(5));
        expected.add(tasks.append(new Task("x"), Append.priority(-1)));
        expected.add(low);
        expected.add(tasks.append(new Task("x"), Append.priority(5)));
        expected.add(inOneDay);
        expected.add(inTwoDays);

        for (int size : new int[] {1, 2, 3, 5, 100}) {
            assertThat(paged(tasks, EventStatus.PENDING, size))
                    .as("by %d", size)
                    .isEqualTo(expected);
        }
    }

    @Test
    @DisplayName("R-082 due times microseconds apart, in any century, are told apart from page to page")
    void pending_laterMicrosecondsApart() {
        Executor<Task> tasks = tasks().build();
        List<UUID> expected = new ArrayList<>();
        for (String day : List.of("2200-01-01", "2999-12-31", "9999-12-31")) {
            Instant start = Instant.parse(day + "T00:00:00Z");
            for (int micros = 0; micros < 4; micros++) {
                for (int twin = 0; twin < 2; twin++) {
                    expected.add(
                            tasks.append(new Task("x"), Append.defaults().withRunAt(start.plusNanos(micros * 1_000L))));
                }
            }
        }

        for (int size : new int[] {1, 3, 5}) {
            assertThat(paged(tasks, EventStatus.PENDING, size))
                    .as("by %d", size)
                    .isEqualTo(expected);
        }
    }

    @Test
    @DisplayName("R-082 priorities of any size and sign are told apart from page to page")
    void pending_extremePriorities() {
        Executor<Task> tasks = tasks().build();
        List<UUID> expected = new ArrayList<>();
        for (double priority :
                new double[] {-Double.MAX_VALUE, -1e-300, 0, Double.MIN_VALUE, 0.1, 1e17, Double.MAX_VALUE}) {
            expected.add(tasks.append(new Task("x"), Append.priority(priority)));
            expected.add(tasks.append(new Task("x"), Append.priority(priority)));
        }

        for (int size : new int[] {1, 2, 3}) {
            assertThat(paged(tasks, EventStatus.PENDING, size)).isEqualTo(expected);
        }
    }

    @Test
    @DisplayName("R-082 processing comes in order of claim")
    void processing_orderOfClaim() throws InterruptedException {
        Stage stage = new Stage();
        Executor<Task> tasks = tasks().handler(stage).build();
        tasks.execute();
        List<UUID> expected = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            expected.addAll(append(tasks, 1));
            stage.awaitEntered(1);
        }

        for (int size : new int[] {1, 2, 7}) {
            assertThat(paged(tasks, EventStatus.PROCESSING, size)).isEqualTo(expected);
        }
        stage.releaseAll();
        assertThat(tasks.join(LONG)).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName(
            "R-082 while events come and go, those that stay are seen once and in order, in each of the seven statuses")
    void anyStatus_concurrentChanges_staysExact(EventStatus status) throws Exception {
        Stage stage = new Stage();
        Executor<Task> tasks = tasks().concurrencyLimit(10_000)
                .queueCapacity(10_000)
                .maxDenials(1)
                .permission(event -> Permission.of(!event.payload().name().equals("aborted")))
                .handler((task, run) -> switch (task.name()) {
                    case "processing" -> stage.handle(task, run);
                    case "failed" -> throw new IllegalStateException("no");
                    case "cancelled" -> throw run.cancel("no");
                    default -> null;
                })
                .build();
        tasks.start();
        List<UUID> staying = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            staying.add(put(tasks, status, stage));
        }
        AtomicBoolean done = new AtomicBoolean();
        try (ExecutorService others = Executors.newFixedThreadPool(1)) {
            Future<?> churn = others.submit(() -> {
                Random random = new Random(7);
                while (!done.get()) {
                    comeAndGo(tasks, status, random);
                }
                return null;
            });
            for (int size : new int[] {1, 7, 25}) {
                List<UUID> seen = paged(tasks, status, size);
                assertThat(seen).doesNotHaveDuplicates();
                seen.retainAll(Set.copyOf(staying));
                assertThat(seen).as("by %d", size).isEqualTo(staying);
            }
            done.set(true);
            churn.get();
        } finally {
            stage.releaseAll();
        }
        assertThat(tasks.join(LONG)).isTrue();
    }

    /** Puts one event into that status, for good. */
    private static UUID put(Executor<Task> tasks, EventStatus status, Stage stage) throws InterruptedException {
        Task task = new Task(status.wireName());
        UUID id = tasks.newEvent(task, Append.defaults()).id();
        if (status == EventStatus.PENDING) {
            return tasks.append(task, Append.priority(1e12).withId(id));
        }
        tasks.append(task, Append.defaults().withId(id));
        switch (status) {
            case SKIPPED -> tasks.skip(id, "not needed");
            case PROCESSING -> {
                Thread.ofVirtual().start(() -> invoke(tasks, id));
                stage.awaitEntered(1);
            }
            case PENDING, COMPLETED, FAILED, CANCELLED, ABORTED -> tasks.forward();
        }
        return id;
    }

    private static void invoke(Executor<Task> tasks, UUID id) {
        try {
            tasks.invoke(id);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** One event more in that status, and one less of those that came so. */
    private static void comeAndGo(Executor<Task> tasks, EventStatus status, Random random) throws InterruptedException {
        UUID first = tasks.append(new Task("churn"), Append.priority(random.nextInt()));
        switch (status) {
            case PENDING -> tasks.skip(first, "gone");
            case PROCESSING, COMPLETED -> tasks.invoke(first);
            case SKIPPED -> tasks.skip(first, "one more");
            case FAILED -> tasks.invoke(tasks.append(new Task("failed")));
            case CANCELLED -> tasks.cancel(first, "one more");
            case ABORTED -> {
                UUID aborted = tasks.append(new Task("aborted"), Append.priority(-1e12));
                tasks.forward();
                tasks.await(aborted, LONG);
            }
        }
    }

    @Test
    @DisplayName("R-082 a page's place is text of our making; anything else is refused, and so is an odd limit")
    void page_badArguments_areRefused() {
        Executor<Task> tasks = tasks().build();

        for (@Nullable
        String place : List.of(
                "",
                "p",
                "p,1",
                "x,1,1",
                "p,one,1",
                "p,1,one",
                "p,1,1,1",
                "p,NaN,1",
                "t,1,1",
                "t,+10000-01-01T00:00:00Z,1",
                "a,1,1",
                "a,,1")) {
            assertThatIllegalArgumentException()
                    .as("place %s", place)
                    .isThrownBy(() -> tasks.events(EventStatus.PENDING, place, 10))
                    .withMessageContaining("not a cursor of a page");
        }
        for (int limit : new int[] {0, -1, EventReader.MAX_PAGE + 1}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> tasks.events(EventStatus.PENDING, null, limit))
                    .withMessage("limit must be 1 to 1000, got " + limit);
        }
    }

    @Test
    @DisplayName("R-082 iterating reads page by page: more than one page comes whole and in order")
    void events_severalPages_areIterated() {
        Executor<Task> tasks = tasks().build();
        List<UUID> ids = append(tasks, EventReader.MAX_PAGE * 2 + 3);

        assertThat(tasks.pendingEvents()).extracting(Event::id).containsExactlyElementsOf(ids);
    }
}
