package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.List;

/** Events for tests that care about little more than their ids. */
final class SampleEvents {
    private SampleEvents() {}

    static Event<JsonNode> event() {
        return event("api-call");
    }

    static Event<JsonNode> event(String type) {
        JsonNode payload = JsonNodeFactory.instance.objectNode().put("endpoint", "/users/1");
        return Event.of(type, payload, Terms.DEFAULT);
    }

    static List<Event<JsonNode>> events(int count) {
        List<Event<JsonNode>> events = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            events.add(event());
        }
        return events;
    }

    static Pile pileOf(List<Event<JsonNode>> events) {
        Pile pile = new Pile();
        events.forEach(pile::add);
        return pile;
    }
}
