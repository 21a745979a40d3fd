// Hibernate and Flyway, made for PostgreSQL: a schema from entities and one from migrations, and what applications do.
import jakarta.persistence.CascadeType;
import jakarta.persistence.Column;
import jakarta.persistence.ElementCollection;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.FetchType;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.LockModeType;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.OneToMany;
import jakarta.persistence.Version;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.flywaydb.core.Flyway;
import org.hibernate.SessionFactory;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.cfg.Configuration;
import org.hibernate.exception.ConstraintViolationException;
import org.hibernate.type.SqlTypes;

public class Main {
    public enum Kind { NOVELIST, POET }

    @Entity(name = "Author")
    public static class Author {
        @Id
        @GeneratedValue(strategy = GenerationType.SEQUENCE)
        Long id;
        @Column(nullable = false, length = 50)
        String name;
        @OneToMany(mappedBy = "author", cascade = CascadeType.ALL)
        List<Book> books = new ArrayList<>();
        @Version
        int version;
        Instant born;
        LocalDate day;
        @Enumerated(EnumType.STRING)
        Kind kind = Kind.POET;
        @JdbcTypeCode(SqlTypes.JSON)
        Map<String, String> data;
        String[] tags;
        UUID key = UUID.randomUUID();
        Duration length = Duration.ofMinutes(90);
        byte[] picture;
    }

    @Entity(name = "Book")
    public static class Book {
        @Id
        @GeneratedValue(strategy = GenerationType.IDENTITY)
        Integer id;
        @Column(unique = true)
        String isbn;
        @ManyToOne(fetch = FetchType.LAZY)
        Author author;
        BigDecimal price;
        int pages;
        @ElementCollection
        Set<String> words = new HashSet<>();
    }

    interface Body {
        void run() throws Exception;
    }

    static int passed, failed;
    static String url, user, password;
    static SessionFactory sessions;

    static void check(String name, Body body) {
        try {
            body.run();
            passed++;
        } catch (Throwable e) {
            failed++;
            System.out.println("FAIL " + name);
            e.printStackTrace(System.out);
        }
    }

    static void equal(Object got, Object want) {
        if (!want.equals(got))
            throw new AssertionError("got " + got + ", not " + want);
    }

    static Configuration configuration(String action) {
        return new Configuration()
            .addAnnotatedClass(Author.class)
            .addAnnotatedClass(Book.class)
            .setProperty("hibernate.connection.url", url)
            .setProperty("hibernate.connection.username", user)
            .setProperty("hibernate.connection.password", password)
            .setProperty("hibernate.jdbc.batch_size", "20")
            .setProperty("hibernate.hbm2ddl.auto", action);
    }

    static Author author(int i) {
        Author author = new Author();
        author.name = "n" + i;
        author.born = Instant.EPOCH;
        author.day = LocalDate.of(2020, 2, 29);
        author.data = Map.of("k", "v" + i);
        author.tags = new String[] {"x", "y"};
        author.picture = new byte[] {0, -1};
        for (int k = 0; k < 2; k++) {
            Book book = new Book();
            book.isbn = i + "-" + k;
            book.author = author;
            book.price = new BigDecimal("1.50");
            book.pages = 7;
            book.words.add("w" + k);
            author.books.add(book);
        }
        return author;
    }

    static void writes() {
        sessions.inTransaction(s -> {
            for (int i = 0; i < 30; i++)
                s.persist(author(i));
        });
    }

    static void reads() {
        sessions.inTransaction(s -> {
            Author found = s.createQuery("from Author a left join fetch a.books where a.name = 'n3'", Author.class).getSingleResult();
            equal(found.data, Map.of("k", "v3"));
            equal(List.of(found.tags), List.of("x", "y"));
            equal(found.length, Duration.ofMinutes(90));
            equal(found.day, LocalDate.of(2020, 2, 29));
            equal(found.born, Instant.EPOCH);
            equal(found.kind, Kind.POET);
            equal(found.books.size(), 2);
            Object[] row = s.createQuery("select count(b), sum(b.price), sum(b.pages), max(b.pages / 2) from Author a join a.books b "
                                         + "where a.name like 'n1%'", Object[].class).getSingleResult();
            equal(List.of(row), List.of(22L, new BigDecimal("33.00"), 154L, 3));
            Object[] last = s.createQuery("select a.name, year(a.day), rank() over (order by a.id), size(a.books) from Author a "
                                          + "order by a.id desc nulls last", Object[].class).setMaxResults(1).getSingleResult();
            equal(List.of(last), List.of("n29", 2020, 30L, 2));
        });
    }

    static void changes() {
        sessions.inTransaction(s -> {
            Author locked = s.createQuery("from Author a where a.name = 'n4'", Author.class)
                                .setLockMode(LockModeType.PESSIMISTIC_WRITE).getSingleResult();
            locked.name = "changed";
            equal(s.createMutationQuery("update Book b set b.price = b.price * 2 where b.isbn like '5-%'").executeUpdate(), 2);
            equal(s.createMutationQuery("insert into Book(isbn, price, pages) values ('q', 1, 2) on conflict(isbn) do nothing")
                      .executeUpdate(), 1);
        });
        sessions.inTransaction(s -> equal(s.createQuery("select a.version from Author a where a.name = 'changed'", Integer.class)
                                              .getSingleResult(), 1));
    }

    static void refusals() {
        try {
            sessions.inTransaction(s -> {
                Book book = new Book();
                book.isbn = "q";
                s.persist(book);
            });
        } catch (ConstraintViolationException e) {
            equal(e.getSQLState(), "23505");
            return;
        }
        throw new AssertionError("no error");
    }

    static void flyway() throws Exception {
        Path directory = Files.createTempDirectory("migrations");
        Files.writeString(directory.resolve("V1__table.sql"), "CREATE TABLE place (id serial PRIMARY KEY, v text);"
                                                                  + "INSERT INTO place (v) VALUES ('x');");
        Files.writeString(directory.resolve("V2__column.sql"), "ALTER TABLE place ADD COLUMN n int DEFAULT 3;"
                                                                   + "CREATE UNIQUE INDEX ON place (v);"
                                                                   + "CREATE VIEW halves AS SELECT v, n / 2 AS h FROM place;");
        Files.writeString(directory.resolve("R__view.sql"), "CREATE OR REPLACE VIEW ids AS SELECT id FROM place;");
        Flyway flyway = Flyway.configure().dataSource(url, user, password).schemas("places").createSchemas(true)
                            .locations("filesystem:" + directory).cleanDisabled(false).load();
        equal(flyway.migrate().migrationsExecuted, 3);
        flyway.validate();
        equal(flyway.migrate().migrationsExecuted, 0);
        flyway.clean();
        equal(flyway.migrate().migrationsExecuted, 3);
    }

    static void place(URI from) {
        String[] who = from.getRawUserInfo().split(":");
        url = "jdbc:postgresql://" + from.getHost() + ":" + from.getPort() + from.getPath() + "?" + from.getRawQuery();
        user = who[0];
        password = URLDecoder.decode(who[1], StandardCharsets.UTF_8);
    }

    public static void main(String[] arguments) {
        java.util.logging.LogManager.getLogManager().reset();
        place(URI.create(System.getenv("DATABASE_URL")));
        check("schema from entities", () -> sessions = configuration("create").buildSessionFactory());
        check("writes", Main::writes);
        check("reads", Main::reads);
        check("changes", Main::changes);
        check("refusals", Main::refusals);
        check("schema as it should be", () -> configuration("validate").buildSessionFactory().close());
        check("schema with nothing to add", () -> configuration("update").buildSessionFactory().close());
        check("flyway", Main::flyway);
        System.out.println(passed + " passed, " + failed + " failed, 0 skipped");
        System.exit(failed > 0 ? 1 : 0);
    }
}
