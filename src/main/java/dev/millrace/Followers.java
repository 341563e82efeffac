package dev.millrace;

import dev.millrace.event.Chunk;
import dev.millrace.process.DutyLoop;
import dev.millrace.process.Troubles;
import dev.millrace.store.Streams;
import dev.millrace.store.Streams.Place;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** Those who follow what streaming events emit: each asks for the next page once it has used up the one before. Thread-safe. */
final class Followers {
    /** Places in one statement, whose chunks are in memory at once. */
    private static final int MOST_ASKED = 200;

    private final Streams streams;
    private final Inquiries<Place, List<Chunk>> inquiries;

    Followers(Streams streams, Troubles troubles) {
        this.streams = streams;
        this.inquiries = new Inquiries<>("followers", MOST_ASKED, this::look, troubles);
    }

    /** Completes with the chunks at a place when there are any, or with none when none will come. */
    CompletableFuture<List<Chunk>> next(Place place) {
        return inquiries.ask(place);
    }

    private Map<Place, Consumer<CompletableFuture<List<Chunk>>>> look(List<Place> places) {
        Map<Place, Consumer<CompletableFuture<List<Chunk>>>> answers = new HashMap<>();
        streams.read(places).forEach((place, page) -> answers.put(place, future -> future.complete(page)));
        return answers;
    }

    /** Asks once more for all that is asked for; see {@link Inquiries#lastLook}. */
    void lastLook() {
        inquiries.lastLook();
    }

    /** The loop that asks. */
    DutyLoop loop() {
        return inquiries.loop();
    }

    /** Lets everybody go who follows or will, and stops the loop. */
    void close() {
        inquiries.close();
    }
}
