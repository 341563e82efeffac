package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalPostgresTest {
    @TempDir
    private Path folder;

    /** Starts a server, says where, and waits to be killed. */
    static final class Owner {
        private Owner() {}

        public static void main(String[] args) throws Exception {
            LocalPostgres postgres = args[0].equals("temporary")
                    ? LocalPostgres.startTemporary()
                    : LocalPostgres.start(Path.of(args[0]));
            System.out.println(postgres.folder());
            System.out.println(postgres.connection().port());
            Thread.currentThread().join();
        }
    }

    @Test
    void start_ofANewFolder_keepsWhatItAcknowledgesAndListensHereOnly() throws Exception {
        try (LocalPostgres postgres = LocalPostgres.start(folder)) {
            assertThat(show(postgres, "fsync")).isEqualTo("on");
            assertThat(show(postgres, "synchronous_commit")).isEqualTo("on");
            assertThat(show(postgres, "full_page_writes")).isEqualTo("on");
            assertThat(show(postgres, "listen_addresses")).isEqualTo("127.0.0.1");
            assertThat(show(postgres, "unix_socket_directories")).isEmpty();
            assertThat(show(postgres, "server_encoding")).isEqualTo("UTF8");
            assertThat(postgres.reused()).isFalse();
        }
    }

    @Test
    void connection_withoutThePassword_isRefused() throws Exception {
        try (LocalPostgres postgres = LocalPostgres.start(folder)) {
            String url = postgres.connection().url() + "?user=millrace&password=guess";

            assertThatThrownBy(() -> DriverManager.getConnection(url))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("password authentication failed");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("password"))))
                    .isEqualTo("rw-------");
            assertThat(postgres.connection().toString()).doesNotContain("password");
        }
    }

    @Test
    void start_again_findsTheDataThere() throws Exception {
        try (LocalPostgres postgres = LocalPostgres.start(folder)) {
            execute(postgres, "create table kept as select 42 as answer");
        }
        assertThat(Postmaster.processesOf(folder.resolve("data"))).isEmpty();

        try (LocalPostgres postgres = LocalPostgres.start(folder)) {
            assertThat(value(postgres, "select answer from kept")).isEqualTo("42");
        }
    }

    @Test
    void start_inAFolderWithAHostileName_works() throws Exception {
        Path hostile = folder.resolve("it's \"$HOME\" `here` \\ ü");

        try (LocalPostgres postgres = LocalPostgres.start(hostile)) {
            assertThat(value(postgres, "select 1")).isEqualTo("1");
        }
    }

    @Test
    void start_whileAnotherUsesTheFolder_isRefusedAndNamesIt() throws Exception {
        try (LocalPostgres postgres = LocalPostgres.start(folder)) {
            assertThatThrownBy(() -> LocalPostgres.start(folder))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("pid " + ProcessHandle.current().pid());
            assertThat(value(postgres, "select 1")).isEqualTo("1");
        }
    }

    @Test
    void start_afterTheOwnerWasKilled_usesTheServerItLeft() throws Exception {
        Path data = folder.resolve("data");
        int port;
        try (ChildJvm owner = ChildJvm.start(folder, Owner.class, folder.toString())) {
            assertThat(owner.readLine()).isEqualTo(folder.toRealPath().toString());
            port = Integer.parseInt(owner.readLine());
            assertThatThrownBy(() -> LocalPostgres.start(folder)).isInstanceOf(BadInputException.class);
        }
        assertThat(Postmaster.of(data)).isPresent();

        try (LocalPostgres postgres = LocalPostgres.start(folder)) {
            assertThat(postgres.reused()).isTrue();
            assertThat(postgres.connection().port()).isEqualTo(port);
            assertThat(value(postgres, "select 1")).isEqualTo("1");
        }

        assertThat(Postmaster.processesOf(data)).isEmpty();
    }

    @Test
    void start_onAServerThatWouldLoseData_replacesIt() throws Exception {
        try (LocalPostgres postgres = LocalPostgres.start(folder)) {
            execute(postgres, "alter role millrace set synchronous_commit = off");
        }

        assertThatThrownBy(() -> LocalPostgres.start(folder).close()).hasMessageContaining("synchronous_commit");
        assertThat(Postmaster.processesOf(folder.resolve("data"))).isEmpty();
    }

    @Test
    void start_afterTheServerItselfWasKilled_recovers() throws Exception {
        try (LocalPostgres postgres = LocalPostgres.start(folder)) {
            execute(postgres, "create table kept as select 42 as answer");
            long pid = Postmaster.of(folder.resolve("data")).orElseThrow().pid();
            ProcessHandle server = ProcessHandle.of(pid).orElseThrow();
            server.destroyForcibly();
            server.onExit().join();
        }

        try (LocalPostgres postgres = LocalPostgres.start(folder)) {
            assertThat(value(postgres, "select answer from kept")).isEqualTo("42");
        }
    }

    @Test
    void start_withAStaleFileThatNamesALivingStranger_leavesThatAlone() throws Exception {
        LocalPostgres.start(folder).close();
        Files.writeString(
                folder.resolve("data/postmaster.pid"),
                ProcessHandle.current().pid() + "\n" + folder.resolve("data") + "\n1\n5432\n\n127.0.0.1\n");

        try (LocalPostgres postgres = LocalPostgres.start(folder)) {
            assertThat(postgres.reused()).isFalse();
            assertThat(value(postgres, "select 1")).isEqualTo("1");
        }
    }

    @Test
    void start_onDataOfAnotherVersion_namesBoth() throws Exception {
        LocalPostgres.start(folder).close();
        Files.writeString(folder.resolve("data/PG_VERSION"), "13\n");

        assertThatThrownBy(() -> LocalPostgres.start(folder))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("of PostgreSQL 13, and this millrace brings PostgreSQL 18");
    }

    @Test
    void start_withoutItsPassword_saysWhatToDo() throws Exception {
        LocalPostgres.start(folder).close();
        Files.delete(folder.resolve("password"));

        assertThatThrownBy(() -> LocalPostgres.start(folder)).hasMessageContaining("put it back, or delete");
    }

    @Test
    void start_afterAnInitializationWasCutOff_beginsAnew() throws Exception {
        Files.createDirectories(folder.resolve("data.unfinished/base"));
        Files.writeString(folder.resolve("password"), "half");

        try (LocalPostgres postgres = LocalPostgres.start(folder)) {
            assertThat(value(postgres, "select 1")).isEqualTo("1");
        }
    }

    @Test
    void startTemporary_afterAKilledOne_clearsWhatThatLeft() throws Exception {
        Path left;
        try (ChildJvm owner = ChildJvm.start(folder, Owner.class, "temporary")) {
            left = Path.of(owner.readLine());
            owner.readLine();
        }
        assertThat(Postmaster.of(left.resolve("data"))).isPresent();
        Files.setLastModifiedTime(left, FileTime.from(Instant.now().minus(Duration.ofMinutes(5))));

        Path own;
        try (LocalPostgres postgres = LocalPostgres.startTemporary()) {
            own = postgres.folder();
            assertThat(left).doesNotExist();
        }

        assertThat(own).doesNotExist();
    }

    @Test
    @DisplayName(
            "13.23 a link in the temporary folder is not followed, and a folder that others may enter is left alone")
    void clear_ofALinkToAnotherFolder_deletesNothing() throws Exception {
        Path treasure = Files.createDirectory(folder.resolve("treasure"));
        Files.createFile(treasure.resolve("lock"));
        Files.writeString(treasure.resolve("kept"), "mine");
        Files.setPosixFilePermissions(treasure, PosixFilePermissions.fromString("rwx------"));
        Path base = Files.createDirectory(folder.resolve("tmp"));
        Path link = Files.createSymbolicLink(base.resolve("demo-link"), treasure);
        Path open = Files.createDirectory(base.resolve("demo-open"));
        Files.createFile(open.resolve("lock"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path linked = Files.createDirectory(base.resolve("demo-linked-lock"));
        Files.setPosixFilePermissions(linked, PosixFilePermissions.fromString("rwx------"));
        Files.createSymbolicLink(linked.resolve("lock"), treasure.resolve("lock"));
        for (Path old : new Path[] {treasure, open, linked}) {
            Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofMinutes(5))));
        }

        LeftOvers.clear(base, "demo-");

        assertThat(treasure.resolve("kept")).hasContent("mine");
        assertThat(link).isSymbolicLink();
        assertThat(open).exists();
        assertThat(linked).exists();
    }

    @Test
    @DisplayName("13.24 a planted folder is refused: a link, one that others may write to, one with a link in it")
    void start_inAFolderThatMayBeAnothers_isRefused() throws Exception {
        Path mine = Files.createDirectory(folder.resolve("mine"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), mine);
        Path open = Files.createDirectory(folder.resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path trap = Files.createDirectory(folder.resolve("trap"));
        Files.createSymbolicLink(trap.resolve("password"), mine.resolve("victim"));

        assertThatThrownBy(() -> LocalPostgres.start(link))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is a symbolic link");
        assertThatThrownBy(() -> LocalPostgres.start(open))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("can be written by others");
        assertThatThrownBy(() -> LocalPostgres.start(trap))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is a symbolic link");
        assertThat(mine.resolve("victim")).doesNotExist();
    }

    @Test
    @DisplayName("13.24 the folder of another user is refused")
    void start_inAFolderOfAnotherUser_isRefused() throws Exception {
        Path folderOfRoot = Path.of("/usr/share");
        assumeFalse(Files.getOwner(folderOfRoot).equals(Files.getOwner(Path.of("/proc/self"))), "runs as root");

        assertThatThrownBy(() -> LocalPostgres.start(folderOfRoot)).hasMessageContaining("belongs to root");
    }

    @Test
    @DisplayName("13.24 what a planted configuration says is not obeyed")
    void start_withAPlantedConfiguration_runsNoCommand() throws Exception {
        LocalPostgres.start(folder).close();
        Path data = folder.resolve("data");
        Path trace = folder.resolve("trace");
        String planted = "archive_mode = on\narchive_command = 'touch %s'\nrestore_command = 'touch %s'\n"
                .formatted(trace, trace);
        Files.writeString(data.resolve("postgresql.conf"), planted);
        Files.writeString(data.resolve("postgresql.auto.conf"), planted);
        Files.writeString(data.resolve("pg_hba.conf"), "host all all 127.0.0.1/32 trust\n");

        try (LocalPostgres postgres = LocalPostgres.start(folder)) {
            assertThat(show(postgres, "archive_mode")).isEqualTo("off");
            assertThat(show(postgres, "restore_command")).isEmpty();
            assertThatThrownBy(() ->
                            DriverManager.getConnection(postgres.connection().url() + "?user=millrace&password=x"))
                    .hasMessageContaining("password authentication failed");
        }
        assertThat(trace).doesNotExist();
    }

    private static String show(LocalPostgres postgres, String setting) throws SQLException {
        return value(postgres, "show " + setting);
    }

    private static String value(LocalPostgres postgres, String sql) throws SQLException {
        try (Connection connection = connect(postgres);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    private static void execute(LocalPostgres postgres, String sql) throws SQLException {
        try (Connection connection = connect(postgres);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static Connection connect(LocalPostgres postgres) throws SQLException {
        LocalConnection connection = postgres.connection();
        return DriverManager.getConnection(connection.url(), connection.user(), connection.password());
    }
}
