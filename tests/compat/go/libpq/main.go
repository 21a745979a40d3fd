// lib/pq under database/sql, with cockroach-go's retries.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/cockroachdb/cockroach-go/v2/crdb"
	"github.com/lib/pq"

	"palmetto-go-clients/check"
)

var ctx = context.Background()

func code(err error, want string) error {
	var e *pq.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("wanted %s: %v", want, err)
	}
	return check.Equal(string(e.Code), want)
}

func types(db *sql.DB) error {
	moment := time.Date(2024, 2, 29, 1, 2, 3, 4000, time.UTC)
	_, err := db.Exec("INSERT INTO kinds VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", 1, true, 0.25, "12.50", "é'\\", []byte{0, 255}, moment,
		`{"a": 1}`, pq.Array([]string{"a,b", `c"d`}))
	if err != nil {
		return err
	}
	var (
		id      int64
		flag    bool
		f       float64
		n, s, j string
		b       []byte
		tz      time.Time
		tags    []string
		nothing sql.NullString
	)
	err = db.QueryRow("SELECT *, NULL::STRING FROM kinds WHERE id = $1", 1).Scan(&id, &flag, &f, &n, &s, &b, &tz, &j, pq.Array(&tags), &nothing)
	return check.All(err, check.Equal([]any{id, flag, f, n, s, b, tz.UTC(), j, tags, nothing.Valid},
		[]any{int64(1), true, 0.25, "12.50", "é'\\", []byte{0, 255}, moment, `{"a": 1}`, []string{"a,b", `c"d`}, false}))
}

func prepared(db *sql.DB) error {
	statement, err := db.Prepare("SELECT $1::INT8 * 2 WHERE $2 = ANY($3::STRING[])")
	if err != nil {
		return err
	}
	defer statement.Close()
	for i := int64(0); i < 3; i++ {
		var n int64
		err := statement.QueryRow(i, "a", pq.Array([]string{"a"})).Scan(&n)
		if err := check.All(err, check.Equal(n, i*2)); err != nil {
			return err
		}
	}
	return nil
}

func failures(db *sql.DB) error {
	_, duplicate := db.Exec("INSERT INTO kinds (id) VALUES (1)")
	_, syntax := db.Exec("SELEC 1")
	_, zero := db.Exec("SELECT 1 / $1::INT8", 0)
	var e *pq.Error
	if !errors.As(duplicate, &e) {
		return check.ErrNone
	}
	return check.All(check.Equal([]string{string(e.Code), e.Constraint, e.Table}, []string{"23505", "kinds_pkey", "kinds"}), code(syntax, "42601"), code(zero, "22012"))
}

func counters(db *sql.DB) error {
	if _, err := db.Exec("CREATE TABLE counters (id INT PRIMARY KEY, n INT); INSERT INTO counters VALUES (1, 0)"); err != nil {
		return err
	}
	var all sync.WaitGroup
	errs := make(chan error, 40)
	for worker := 0; worker < 4; worker++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := 0; i < 10; i++ {
				errs <- crdb.ExecuteTx(ctx, db, nil, func(tx *sql.Tx) error {
					var n int64
					if err := tx.QueryRow("SELECT n FROM counters WHERE id = 1").Scan(&n); err != nil {
						return err
					}
					_, err := tx.Exec("UPDATE counters SET n = $1 WHERE id = 1", n+1)
					return err
				})
			}
		}()
	}
	all.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	var n int64
	return check.All(db.QueryRow("SELECT n FROM counters").Scan(&n), check.Equal(n, int64(40)))
}

func copyIn(db *sql.DB) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	statement, err := tx.Prepare(pq.CopyIn("kinds", "id", "s"))
	if err != nil {
		return err
	}
	for i := 100; i < 600; i++ {
		if _, err := statement.Exec(i, "tab\tnew\nline"); err != nil {
			return err
		}
	}
	_, err = statement.Exec()
	if err := check.All(err, statement.Close(), tx.Commit()); err != nil {
		return err
	}
	var n int64
	return check.All(db.QueryRow("SELECT count(*) FROM kinds WHERE s = $1", "tab\tnew\nline").Scan(&n), check.Equal(n, int64(500)))
}

func cancel(db *sql.DB) error {
	short, done := context.WithTimeout(ctx, 200*time.Millisecond)
	defer done()
	_, err := db.ExecContext(short, "SELECT pg_sleep(60)")
	if !errors.Is(err, context.DeadlineExceeded) && code(err, "57014") != nil {
		return fmt.Errorf("not canceled: %v", err)
	}
	return db.Ping()
}

func main() {
	db, err := sql.Open("postgres", os.Getenv("DATABASE_URL"))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	defer db.Close()
	check.Run("schema", func() error {
		_, err := db.Exec("CREATE TABLE kinds (id INT PRIMARY KEY, flag BOOL, f FLOAT8, n DECIMAL(8,2), s STRING, b BYTES, tz TIMESTAMPTZ, j JSONB, tags STRING[])")
		return err
	})
	check.Run("ping", db.Ping)
	for _, c := range []struct {
		name string
		body func(*sql.DB) error
	}{{"types", types}, {"prepared statements", prepared}, {"errors", failures}, {"contended counter", counters}, {"COPY", copyIn}, {"cancel", cancel}} {
		check.Run(c.name, func() error { return c.body(db) })
	}
	check.Done()
}
