package dev.millrace.store;

import dev.millrace.event.Chunk;
import dev.millrace.event.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Reads what streaming events emit, while they do. Only background work asks, and it asks again by itself. Thread-safe. */
public final class Streams {
    /** Chunks in one page, and characters after which it takes no more; a page has one chunk at least. */
    private static final int CHUNKS = 200;

    private static final int CHARACTERS = 1 << 16;

    private final Database database;

    /** The streams of that database. */
    public Streams(Database database) {
        this.database = database;
    }

    /**
     * A place in a stream from which on chunks are wanted.
     *
     * @param flow where the event should be
     * @param attempt whose stream; null for the last attempt that has emitted anything
     * @param index in that, from 0
     */
    public record Place(int flow, UUID event, @Nullable Integer attempt, int index) {}

    /**
     * The chunks at these places and after, in order, a page of each: an empty one where none will come, because the event has ended
     * or its flow does not have it; and no page where some may come and have not.
     */
    public Map<Place, List<Chunk>> read(List<Place> places) {
        Map<Place, List<Chunk>> pages = new HashMap<>();
        database.onceOnly(handle -> {
            database.planned(handle, "follow")
                    .bind("ids", Binds.uuids(places, Place::event))
                    .bind("flows", Binds.integers(places, Place::flow))
                    .bind("attempts", Binds.integers(places, Place::attempt))
                    .bind("indexes", Binds.integers(places, Place::index))
                    .bind("limit", CHUNKS)
                    .bind("characters", CHARACTERS)
                    .map((row, context) -> {
                        List<Chunk> page =
                                pages.computeIfAbsent(places.get(row.getInt("n") - 1), place -> new ArrayList<>());
                        String value = row.getString("value");
                        if (value != null) {
                            page.add(new Chunk(row.getInt("attempt"), row.getInt("index"), Json.parse(value)));
                        }
                        return page;
                    })
                    .list();
            return pages;
        });
        return pages;
    }
}
