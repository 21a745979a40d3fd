// pgjdbc: text and binary transfer, server-prepared statements, batches, fetch sizes, COPY, cancellation, DatabaseMetaData.
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.postgresql.PGConnection;
import org.postgresql.util.PGInterval;
import org.postgresql.util.PGobject;
import org.postgresql.util.PSQLException;

public class Main {
    interface Check {
        void run() throws Exception;
    }

    static int passed, failed;
    static Connection db;

    static void check(String name, Check body) {
        try {
            body.run();
            passed++;
        } catch (Throwable e) {
            failed++;
            System.out.println("FAIL " + name);
            e.printStackTrace(System.out);
        }
    }

    static void same(Object got, Object want) {
        if (!Objects.deepEquals(got, want)) {
            throw new AssertionError("got " + show(got) + ", not " + show(want));
        }
    }

    static String show(Object o) {
        return o instanceof Object[] array ? Arrays.deepToString(array) : String.valueOf(o);
    }

    static PSQLException fails(String state, Check body) throws Exception {
        try {
            body.run();
        } catch (PSQLException e) {
            same(e.getSQLState(), state);
            return e;
        }
        throw new AssertionError("no error");
    }

    static Connection connect(String... more) throws Exception {
        URI url = URI.create(System.getenv("DATABASE_URL"));
        Properties properties = new Properties();
        String[] user = url.getRawUserInfo().split(":");
        properties.setProperty("user", user[0]);
        properties.setProperty("password", URLDecoder.decode(user[1], StandardCharsets.UTF_8));
        for (int i = 0; i < more.length; i += 2) {
            properties.setProperty(more[i], more[i + 1]);
        }
        return DriverManager.getConnection("jdbc:postgresql://" + url.getHost() + ":" + url.getPort() + url.getPath() + "?" + url.getRawQuery(),
            properties);
    }

    static void execute(String sql) throws SQLException {
        try (Statement statement = db.createStatement()) {
            statement.execute(sql);
        }
    }

    static Object one(String sql, Object... arguments) throws SQLException {
        try (PreparedStatement statement = db.prepareStatement(sql)) {
            for (int i = 0; i < arguments.length; i++) {
                statement.setObject(i + 1, arguments[i]);
            }
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getObject(1);
            }
        }
    }

    static void schema() throws Exception {
        execute("CREATE TYPE mood AS ENUM ('sad', 'ok')");
        execute("CREATE TABLE kinds (id INT PRIMARY KEY, flag BOOL, i2 INT2, i4 INT4, f4 FLOAT4, f8 FLOAT8, n DECIMAL(12,3), s STRING, b BYTES,"
            + " d DATE, t TIME, ts TIMESTAMP, tz TIMESTAMPTZ, iv INTERVAL, u UUID, j JSONB, ip INET, m mood, ss STRING[], ii INT[])");
        execute("CREATE TABLE accounts (id INT PRIMARY KEY DEFAULT unique_rowid(), owner VARCHAR(20) NOT NULL UNIQUE,"
            + " balance DECIMAL(10,2) NOT NULL CHECK (balance >= 0), INDEX (balance DESC, owner)); COMMENT ON TABLE accounts IS 'money'");
        execute("CREATE TABLE entries (account INT REFERENCES accounts (id) ON DELETE CASCADE, line INT, PRIMARY KEY (account, line))");
    }

    static PGobject other(String type, String value) throws SQLException {
        PGobject object = new PGobject();
        object.setType(type);
        object.setValue(value);
        return object;
    }

    // From the sixth execution on the driver uses binary values both ways.
    static void types() throws Exception {
        LocalDateTime moment = LocalDateTime.of(2024, 2, 29, 1, 2, 3, 4000);
        Object[] values = {1L, true, 2, -7, 1.5f, 0.1, new BigDecimal("12.500"), "é\uD83D\uDE00'\\", new byte[] {0, -1}, LocalDate.of(1815, 12, 10),
            LocalTime.of(1, 2, 3, 4000), moment, moment.atOffset(ZoneOffset.UTC), new PGInterval("1 year 2 mons 3 days"), new UUID(1, 2),
            other("jsonb", "{\"a\": [1, null]}"), other("inet", "10.1.2.3/24"), other("mood", "ok"),
            db.createArrayOf("text", new Object[] {"a,b", null}), db.createArrayOf("int8", new Object[] {1L, -2L})};
        Class<?>[] classes = {Long.class, Boolean.class, Integer.class, Integer.class, Float.class, Double.class, BigDecimal.class, String.class,
            byte[].class, LocalDate.class, LocalTime.class, LocalDateTime.class, OffsetDateTime.class, PGInterval.class, UUID.class};
        String marks = "?, ".repeat(values.length - 1) + "?";
        try (PreparedStatement insert = db.prepareStatement("UPSERT INTO kinds VALUES (" + marks + ")");
             PreparedStatement select = db.prepareStatement("SELECT * FROM kinds WHERE id = ?")) {
            for (int times = 0; times < 12; times++) {
                for (int i = 0; i < values.length; i++) {
                    insert.setObject(i + 1, values[i]);
                }
                same(insert.executeUpdate(), 1);
                select.setLong(1, 1);
                try (ResultSet rows = select.executeQuery()) {
                    rows.next();
                    for (int i = 0; i < classes.length; i++) {
                        Object got = classes[i] == byte[].class ? rows.getBytes(i + 1) : rows.getObject(i + 1, classes[i]);
                        same(got, values[i]);
                    }
                    same(rows.getString(16), "{\"a\": [1, null]}");
                    same(rows.getString(17), "10.1.2.3/24");
                    same(rows.getString(18), "ok");
                    same(rows.getArray(19).getArray(), new String[] {"a,b", null});
                    same(rows.getArray(20).getArray(), new Long[] {1L, -2L});
                }
            }
        }
    }

    static void nulls() throws Exception {
        try (PreparedStatement insert = db.prepareStatement("INSERT INTO kinds (id, i4, n, s, u, d, tz, j) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")) {
            int[] types = {Types.BIGINT, Types.INTEGER, Types.NUMERIC, Types.VARCHAR, Types.OTHER, Types.DATE, Types.TIMESTAMP, Types.OTHER};
            insert.setLong(1, 2);
            for (int i = 1; i < types.length; i++) {
                insert.setNull(i + 1, types[i]);
            }
            same(insert.executeUpdate(), 1);
        }
        same(one("SELECT count(*) FROM kinds WHERE i4 IS NULL AND s IS NULL AND ? = ANY(?)", "x", db.createArrayOf("text", new Object[] {"x"})), 1L);
    }

    static void keysAndBatches() throws Exception {
        try (PreparedStatement insert = db.prepareStatement("INSERT INTO accounts (owner, balance) VALUES (?, ?)", Statement.RETURN_GENERATED_KEYS)) {
            insert.setString(1, "ada");
            insert.setBigDecimal(2, new BigDecimal("10.50"));
            insert.executeUpdate();
            ResultSet keys = insert.getGeneratedKeys();
            keys.next();
            same(one("SELECT owner FROM accounts WHERE id = ?", keys.getLong("id")), "ada");
        }
        for (String rewrite : new String[] {"false", "true"}) {
            try (Connection other = connect("reWriteBatchedInserts", rewrite);
                 PreparedStatement insert = other.prepareStatement("INSERT INTO accounts (owner, balance) VALUES (?, ?)")) {
                for (int i = 0; i < 300; i++) {
                    insert.setString(1, rewrite + i);
                    insert.setInt(2, i);
                    insert.addBatch();
                }
                same(insert.executeBatch().length, 300);
            }
        }
        same(one("SELECT count(*) FROM accounts"), 601L);
    }

    static void fetchSize() throws Exception {
        db.setAutoCommit(false);
        try (PreparedStatement select = db.prepareStatement("SELECT owner FROM accounts ORDER BY id")) {
            select.setFetchSize(50);
            int n = 0;
            for (ResultSet rows = select.executeQuery(); rows.next(); n++) {
                same(rows.getString(1).isEmpty(), false);
            }
            same(n, 601);
        } finally {
            db.commit();
            db.setAutoCommit(true);
        }
    }

    static void errors() throws Exception {
        PSQLException e = fails("23505", () -> execute("INSERT INTO accounts (owner, balance) VALUES ('ada', 1)"));
        same(e.getServerErrorMessage().getConstraint(), "accounts_owner_key");
        same(e.getServerErrorMessage().getTable(), "accounts");
        same(e.getServerErrorMessage().getDetail(), "Key (owner)=('ada') already exists.");
        fails("23503", () -> execute("INSERT INTO entries VALUES (1, 1)"));
        fails("23514", () -> execute("UPDATE accounts SET balance = -1"));
        fails("22001", () -> one("INSERT INTO accounts (owner, balance) VALUES (?, 1) RETURNING id", "x".repeat(21)));
        fails("42P01", () -> execute("SELECT * FROM nowhere"));
        fails("22012", () -> one("SELECT 1 / ?", 0));
    }

    static void transactions() throws Exception {
        db.setAutoCommit(false);
        db.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        execute("UPDATE accounts SET balance = 1 WHERE owner = 'ada'");
        Savepoint before = db.setSavepoint();
        fails("23514", () -> execute("UPDATE accounts SET balance = -1"));
        fails("25P02", () -> execute("SELECT 1"));
        db.rollback(before);
        execute("UPDATE accounts SET balance = balance + 1 WHERE owner = 'ada'");
        db.commit();
        execute("DELETE FROM accounts");
        db.rollback();
        db.setAutoCommit(true);
        same(one("SELECT balance FROM accounts WHERE owner = 'ada'"), new BigDecimal("2.00"));
        db.setReadOnly(true);
        db.setAutoCommit(false);
        fails("25006", () -> execute("DELETE FROM accounts"));
        db.rollback();
        db.setReadOnly(false);
        db.setAutoCommit(true);
    }

    // With autosave a statement that fails leaves its transaction usable.
    static void autosave() throws Exception {
        try (Connection other = connect("autosave", "always"); Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("UPDATE accounts SET balance = 5 WHERE owner = 'ada'");
            fails("42P01", () -> statement.execute("SELECT * FROM nowhere"));
            other.commit();
        }
        same(one("SELECT balance FROM accounts WHERE owner = 'ada'"), new BigDecimal("5.00"));
    }

    static void addOne(Connection other) throws SQLException {
        for (;;) {
            try (Statement statement = other.createStatement()) {
                ResultSet rows = statement.executeQuery("SELECT balance FROM accounts WHERE owner = 'false0'");
                rows.next();
                statement.executeUpdate("UPDATE accounts SET balance = " + rows.getBigDecimal(1).add(BigDecimal.ONE) + " WHERE owner = 'false0'");
                other.commit();
                return;
            } catch (SQLException e) {
                other.rollback();
                if (!e.getSQLState().equals("40001")) {
                    throw e;
                }
            }
        }
    }

    static void contention() throws Exception {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            threads.add(new Thread(() -> {
                try (Connection other = connect()) {
                    other.setAutoCommit(false);
                    for (int n = 0; n < 5; n++) {
                        addOne(other);
                    }
                } catch (Exception e) {
                    e.printStackTrace(System.out);
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        same(one("SELECT balance FROM accounts WHERE owner = 'false0'"), new BigDecimal("20.00"));
    }

    static void schemaChangesUnderPreparedStatements() throws Exception {
        execute("CREATE TABLE changing (a INT PRIMARY KEY); INSERT INTO changing VALUES (1)");
        try (PreparedStatement select = db.prepareStatement("SELECT * FROM changing")) {
            for (int i = 0; i < 8; i++) {
                select.executeQuery().close();
            }
            execute("ALTER TABLE changing ADD COLUMN b INT DEFAULT 7");
            ResultSet rows = select.executeQuery();
            rows.next();
            same(rows.getMetaData().getColumnCount(), 2);
        }
    }

    static void copy() throws Exception {
        execute("CREATE TABLE lines (n INT PRIMARY KEY, s STRING)");
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 500; i++) {
            text.append(i).append("\tline\n");
        }
        same(db.unwrap(PGConnection.class).getCopyAPI().copyIn("COPY lines FROM STDIN", new StringReader(text.toString())), 500L);
        StringWriter out = new StringWriter();
        same(db.unwrap(PGConnection.class).getCopyAPI().copyOut("COPY (SELECT * FROM lines ORDER BY n LIMIT 2) TO STDOUT WITH CSV HEADER", out), 2L);
        same(out.toString(), "n,s\n0,line\n1,line\n");
    }

    static void timeout() throws Exception {
        try (Statement statement = db.createStatement()) {
            statement.setQueryTimeout(1);
            fails("57014", () -> statement.execute("SELECT pg_sleep(60)"));
        }
        same(one("SELECT 1"), 1L);
    }

    static List<String> column(ResultSet rows, String... names) throws SQLException {
        List<String> all = new ArrayList<>();
        while (rows.next()) {
            List<String> row = new ArrayList<>();
            for (String name : names) {
                row.add(rows.getString(name));
            }
            all.add(String.join(" ", row));
        }
        return all;
    }

    static void metadata() throws Exception {
        DatabaseMetaData m = db.getMetaData();
        same(m.getDatabaseProductName(), "PostgreSQL");
        same(column(m.getTables(null, "public", "acc%", new String[] {"TABLE"}), "TABLE_NAME", "REMARKS"), List.of("accounts money"));
        same(column(m.getColumns(null, "public", "accounts", "%"), "COLUMN_NAME", "TYPE_NAME", "COLUMN_SIZE", "IS_NULLABLE", "ORDINAL_POSITION"),
            List.of("id int8 19 NO 1", "owner varchar 20 NO 2", "balance numeric 10 NO 3"));
        same(column(m.getPrimaryKeys(null, "public", "entries"), "COLUMN_NAME", "KEY_SEQ", "PK_NAME"),
            List.of("account 1 entries_pkey", "line 2 entries_pkey"));
        same(column(m.getImportedKeys(null, "public", "entries"), "PKTABLE_NAME", "PKCOLUMN_NAME", "FKCOLUMN_NAME", "FK_NAME", "DELETE_RULE"),
            List.of("accounts id account entries_account_fkey 0"));
        same(column(m.getExportedKeys(null, "public", "accounts"), "FKTABLE_NAME"), List.of("entries"));
        same(column(m.getIndexInfo(null, "public", "accounts", false, false), "NON_UNIQUE", "INDEX_NAME", "COLUMN_NAME"),
            List.of("f accounts_owner_key owner", "f accounts_pkey id", "t accounts_balance_owner_idx balance", "t accounts_balance_owner_idx owner"));
        same(column(m.getSchemas(), "TABLE_SCHEM").contains("public"), true);
        same(column(m.getCatalogs(), "TABLE_CAT").contains("shop"), true);
        same(column(m.getTypeInfo(), "TYPE_NAME").contains("int8"), true);
        same(m.getSQLKeywords().contains("ilike"), true);
        for (Callable<ResultSet> c : List.<Callable<ResultSet>>of(m::getTableTypes, () -> m.getProcedures(null, null, "%"), () -> m.getFunctions(null, null, "lower"),
            () -> m.getFunctionColumns(null, null, "lower", "%"), () -> m.getUDTs(null, null, "%", null), () -> m.getTablePrivileges(null, null, "accounts"),
            () -> m.getColumnPrivileges(null, null, "accounts", "%"), () -> m.getBestRowIdentifier(null, "public", "accounts", 0, false),
            () -> m.getVersionColumns(null, "public", "accounts"), () -> m.getCrossReference(null, null, "accounts", null, null, "entries"))) {
            c.call().close();
        }
    }

    public static void main(String[] arguments) throws Exception {
        db = connect();
        check("schema", Main::schema);
        check("every type, text and binary", Main::types);
        check("nulls", Main::nulls);
        check("generated keys and batches", Main::keysAndBatches);
        check("fetch size", Main::fetchSize);
        check("errors", Main::errors);
        check("transactions", Main::transactions);
        check("autosave", Main::autosave);
        check("contention", Main::contention);
        check("schema changes under prepared statements", Main::schemaChangesUnderPreparedStatements);
        check("COPY", Main::copy);
        check("query timeout", Main::timeout);
        check("metadata", Main::metadata);
        db.close();
        System.out.println(passed + " passed, " + failed + " failed, 0 skipped");
        System.exit(failed > 0 ? 1 : 0);
    }
}
