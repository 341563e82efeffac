package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.SocketFactory;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/** What a read with a timeout of a millisecond does on sockets of a session that listens, and that the driver can use them. */
@PostgresTest
class PromptSocketsTest {
    private static final SocketFactory SOCKETS = new PromptSockets();

    private final TestDatabase database;

    PromptSocketsTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void glance_withNothingThere_timesOutAndReadsOnLater() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket near = SOCKETS.createSocket(server.getInetAddress(), server.getLocalPort());
                Socket far = server.accept()) {
            near.setSoTimeout(1);
            assertThatThrownBy(() -> near.getInputStream().read())
                    .isInstanceOf(SocketTimeoutException.class)
                    .hasMessage("nothing is there"); // not the system's: it did not wait
            near.setSoTimeout(0);
            far.getOutputStream().write(7);
            assertThat(near.getInputStream().read()).isEqualTo(7);
        }
    }

    @Test
    void glance_withSomethingThere_findsIt() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Socket near = SOCKETS.createSocket(server.getInetAddress(), server.getLocalPort());
                Socket far = server.accept()) {
            far.getOutputStream().write(new byte[] {1, 2, 3});
            assertThat(near.getInputStream().read()).isEqualTo(1); // so the others are there
            near.setSoTimeout(1);
            assertThat(near.getInputStream().readNBytes(2)).containsExactly(2, 3);
        }
    }

    @Test
    void driver_onPromptSockets_hearsNotifications() throws Exception {
        Properties properties = new Properties();
        properties.setProperty("socketFactory", PromptSockets.class.getName());
        try (Connection ear = DriverManager.getConnection(database.directUrl(), properties);
                Statement statement = ear.createStatement()) {
            statement.execute("listen prompt");
            for (int i = 0; i < 20; i++) {
                database.query("select pg_notify('prompt', '" + i + "')");
                assertThat(ear.unwrap(PGConnection.class).getNotifications(30_000))
                        .singleElement()
                        .hasFieldOrPropertyWithValue("parameter", Integer.toString(i));
            }
        }
    }

    @Test
    void directConnections_withSocketsInTheUrl_useThose() throws Exception {
        Counted.made.set(0);
        String url = database.jdbcUrl() + (database.jdbcUrl().contains("?") ? "&" : "?") + "socketFactory="
                + Counted.class.getName();
        try (HikariDataSource pool = OwnPool.open(url, 1);
                Connection direct =
                        new DirectConnections(pool, Sessions.of(pool), Duration.ofSeconds(10), true).open()) {
            assertThat(direct.isValid(10)).isTrue();
            assertThat(Counted.made).hasPositiveValue();
        }
    }

    /** Sockets of a user's own. */
    public static final class Counted extends SocketFactory {
        static final AtomicInteger made = new AtomicInteger();

        @Override
        public Socket createSocket() {
            made.incrementAndGet();
            return new Socket();
        }

        @Override
        public Socket createSocket(String host, int port) throws IOException {
            return new Socket(host, port);
        }

        @Override
        public Socket createSocket(String host, int port, InetAddress local, int localPort) throws IOException {
            return new Socket(host, port, local, localPort);
        }

        @Override
        public Socket createSocket(InetAddress host, int port) throws IOException {
            return new Socket(host, port);
        }

        @Override
        public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) throws IOException {
            return new Socket(host, port, local, localPort);
        }
    }
}
