// pgx: pool, binary formats of all types, batches, COPY, cancellation; cockroach-go's retries over it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/cockroachdb/cockroach-go/v2/crdb/crdbpgxv5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"palmetto-go-clients/check"
)

var ctx = context.Background()

const schema = `CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE kinds (id INT PRIMARY KEY, flag BOOL, i2 INT2, i4 INT4, f4 FLOAT4, f8 FLOAT8, n DECIMAL(12,3), s STRING, v VARCHAR(10),
  b BYTES, d DATE, t TIME, ts TIMESTAMP, tz TIMESTAMPTZ, iv INTERVAL, u UUID, j JSONB, ip INET, bits VARBIT, m mood, ss STRING[], ii INT[]);
CREATE TABLE accounts (id INT PRIMARY KEY, owner STRING NOT NULL UNIQUE, balance DECIMAL NOT NULL CHECK (balance >= 0))`

type kinds struct {
	ID   int64
	Flag *bool
	I2   *int16
	I4   *int32
	F4   *float32
	F8   *float64
	N    pgtype.Numeric
	S    *string
	V    *string
	B    []byte
	D    pgtype.Date
	T    pgtype.Time
	TS   pgtype.Timestamp
	TZ   *time.Time
	IV   pgtype.Interval
	U    pgtype.UUID
	J    map[string]any
	IP   *netip.Prefix
	Bits pgtype.Bits
	M    *string
	SS   []*string
	II   []int64
}

func ptr[T any](v T) *T { return &v }

func full() kinds {
	moment := time.Date(2024, 2, 29, 1, 2, 3, 4000, time.UTC)
	return kinds{
		1, ptr(true), ptr(int16(-2)), ptr(int32(1 << 30)), ptr(float32(1.5)), ptr(0.1),
		pgtype.Numeric{Int: big.NewInt(-12500), Exp: -3, Valid: true}, ptr("é'\\"), ptr("ten"), []byte{0, 255},
		pgtype.Date{Time: time.Date(1815, 12, 10, 0, 0, 0, 0, time.UTC), Valid: true}, pgtype.Time{Microseconds: 123456, Valid: true},
		pgtype.Timestamp{Time: moment, Valid: true}, &moment, pgtype.Interval{Months: 14, Days: 3, Microseconds: 5000000, Valid: true},
		pgtype.UUID{Bytes: [16]byte{1, 2, 3}, Valid: true}, map[string]any{"a": []any{1.0, nil, "x"}},
		ptr(netip.MustParsePrefix("10.1.2.3/24")), pgtype.Bits{Bytes: []byte{0xa0}, Len: 3, Valid: true}, ptr("ok"),
		[]*string{ptr("a,b"), nil}, []int64{1, -2},
	}
}

func insert(db *pgxpool.Pool, k kinds) error {
	_, err := db.Exec(ctx, `INSERT INTO kinds VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22)`,
		k.ID, k.Flag, k.I2, k.I4, k.F4, k.F8, k.N, k.S, k.V, k.B, k.D, k.T, k.TS, k.TZ, k.IV, k.U, k.J, k.IP, k.Bits, k.M, k.SS, k.II)
	return err
}

func types(db *pgxpool.Pool) error {
	want := full()
	if err := check.All(insert(db, want), insert(db, kinds{ID: 2})); err != nil {
		return err
	}
	rows, err := db.Query(ctx, "SELECT * FROM kinds ORDER BY id")
	if err != nil {
		return err
	}
	got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[kinds])
	if err != nil {
		return err
	}
	local := got[0].TZ.UTC()
	got[0].TZ = &local
	gotText, _ := json.Marshal(got)
	wantText, _ := json.Marshal([]kinds{want, {ID: 2}})
	return check.Equal(string(gotText), string(wantText))
}

func modes(db *pgxpool.Pool) error {
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe,
		pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		var n int64
		var s string
		err := db.QueryRow(ctx, "SELECT $1::int + 1, $2::text || 'x'", mode, 41, "y").Scan(&n, &s)
		if err := check.All(err, check.Equal(n, int64(42)), check.Equal(s, "yx")); err != nil {
			return fmt.Errorf("%v: %w", mode, err)
		}
	}
	return nil
}

func batch(db *pgxpool.Pool) error {
	b := &pgx.Batch{}
	for i := 1; i <= 20; i++ {
		b.Queue("INSERT INTO accounts VALUES ($1, $2, $3)", i, fmt.Sprint("owner ", i), 100)
	}
	b.Queue("SELECT sum(balance)::INT8 FROM accounts")
	results := db.SendBatch(ctx, b)
	for i := 0; i < 20; i++ {
		if _, err := results.Exec(); err != nil {
			return err
		}
	}
	var sum int64
	return check.All(results.QueryRow().Scan(&sum), results.Close(), check.Equal(sum, int64(2000)))
}

// A batch is one transaction: nothing of it stays when a statement fails.
func failedBatch(db *pgxpool.Pool) error {
	b := &pgx.Batch{}
	b.Queue("DELETE FROM accounts WHERE id = $1", 1)
	b.Queue("INSERT INTO accounts VALUES ($1, 'owner 2', 1)", 99)
	err := db.SendBatch(ctx, b).Close()
	var n int64
	return check.All(code(err, "23505"), db.QueryRow(ctx, "SELECT count(*) FROM accounts").Scan(&n), check.Equal(n, int64(20)))
}

func code(err error, want string) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return fmt.Errorf("wanted %s: %v", want, err)
	}
	return check.Equal(pg.Code, want)
}

func failures(db *pgxpool.Pool) error {
	_, err := db.Exec(ctx, "INSERT INTO accounts VALUES (77, 'owner 1', 1)")
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return check.ErrNone
	}
	_, negative := db.Exec(ctx, "UPDATE accounts SET balance = -1 WHERE id = $1", 1)
	_, null := db.Exec(ctx, "INSERT INTO accounts VALUES (78, NULL, 1)")
	_, table := db.Exec(ctx, "SELECT * FROM nowhere")
	return check.All(check.Equal([]string{pg.Code, pg.ConstraintName, pg.TableName}, []string{"23505", "accounts_owner_key", "accounts"}),
		code(negative, "23514"), code(null, "23502"), code(table, "42P01"))
}

func savepoints(db *pgxpool.Pool) error {
	err := pgx.BeginTxFunc(ctx, db, pgx.TxOptions{IsoLevel: pgx.Serializable}, func(tx pgx.Tx) error {
		inner, err := tx.Begin(ctx)
		if err != nil {
			return err
		}
		_, failed := inner.Exec(ctx, "INSERT INTO accounts VALUES (1, 'again', 1)")
		if err := check.All(code(failed, "23505"), inner.Rollback(ctx)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE accounts SET balance = balance + 1 WHERE id = 1")
		return err
	})
	var balance int64
	return check.All(err, db.QueryRow(ctx, "SELECT balance::INT8 FROM accounts WHERE id = 1").Scan(&balance), check.Equal(balance, int64(101)))
}

// Eight at once move money in transactions that read before they write.
func transfers(db *pgxpool.Pool) error {
	errs := make(chan error, 8)
	var all sync.WaitGroup
	for worker := 0; worker < 8; worker++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := 0; i < 5; i++ {
				from, to := worker%3+1, (worker+i)%3+1
				err := crdbpgx.ExecuteTx(ctx, db, pgx.TxOptions{}, func(tx pgx.Tx) error {
					var balance int64
					if err := tx.QueryRow(ctx, "SELECT balance::INT8 FROM accounts WHERE id = $1", from).Scan(&balance); err != nil {
						return err
					}
					if _, err := tx.Exec(ctx, "UPDATE accounts SET balance = $2::INT8 WHERE id = $1", from, balance-1); err != nil {
						return err
					}
					_, err := tx.Exec(ctx, "UPDATE accounts SET balance = balance + 1 WHERE id = $1", to)
					return err
				})
				if err != nil {
					errs <- err
				}
			}
		}()
	}
	all.Wait()
	close(errs)
	for err := range errs {
		return err
	}
	var sum int64
	return check.All(db.QueryRow(ctx, "SELECT sum(balance)::INT8 FROM accounts").Scan(&sum), check.Equal(sum, int64(2001)))
}

func copyIn(db *pgxpool.Pool) error {
	if _, err := db.Exec(ctx, "CREATE TABLE lines (n INT PRIMARY KEY, s STRING, at TIMESTAMPTZ, d DECIMAL)"); err != nil {
		return err
	}
	n, err := db.CopyFrom(ctx, pgx.Identifier{"lines"}, []string{"n", "s", "at", "d"}, pgx.CopyFromSlice(1000, func(i int) ([]any, error) {
		return []any{i, fmt.Sprint("line ", i), time.Unix(int64(i), 0), pgtype.Numeric{Int: big.NewInt(int64(i)), Exp: -1, Valid: true}}, nil
	}))
	if err := check.All(err, check.Equal(n, int64(1000))); err != nil {
		return err
	}
	_, err = db.CopyFrom(ctx, pgx.Identifier{"lines"}, []string{"n"}, pgx.CopyFromRows([][]any{{2000}, {1}}))
	var sum int64
	return check.All(code(err, "23505"), db.QueryRow(ctx, "SELECT sum(n)::INT8 FROM lines").Scan(&sum), check.Equal(sum, int64(499500)))
}

func enums(db *pgxpool.Pool) error {
	conn, err := db.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	loaded, err := conn.Conn().LoadTypes(ctx, []string{"mood", "_mood"})
	if err != nil {
		return err
	}
	conn.Conn().TypeMap().RegisterTypes(loaded)
	var moods []string
	err = conn.QueryRow(ctx, "SELECT $1::mood[]", []string{"ok", "sad"}).Scan(&moods)
	return check.All(err, check.Equal(moods, []string{"ok", "sad"}))
}

func cancel(db *pgxpool.Pool) error {
	short, done := context.WithTimeout(ctx, 100*time.Millisecond)
	defer done()
	_, err := db.Exec(short, "SELECT pg_sleep(60)")
	if !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("not canceled: %v", err)
	}
	conn, err := db.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	result := make(chan error)
	go func() {
		_, err := conn.Exec(ctx, "SELECT pg_sleep(60)")
		result <- err
	}()
	var running int
	for running == 0 {
		if err := db.QueryRow(ctx, "SELECT count(*) FROM [SHOW CLUSTER STATEMENTS] WHERE query LIKE '%pg_sleep(60%'").Scan(&running); err != nil {
			return err
		}
	}
	return check.All(conn.Conn().PgConn().CancelRequest(ctx), code(<-result, "57014"), conn.Ping(ctx))
}

func main() {
	db, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	defer db.Close()
	check.Run("schema", func() error { _, err := db.Exec(ctx, schema); return err })
	for _, c := range []struct {
		name string
		body func(*pgxpool.Pool) error
	}{{"every type there and back", types}, {"all ways to send a query", modes}, {"batch", batch}, {"a batch that fails", failedBatch},
		{"errors", failures}, {"transactions and savepoints", savepoints}, {"contended transfers", transfers}, {"COPY", copyIn},
		{"types of the user", enums}, {"cancel", cancel}} {
		check.Run(c.name, func() error { return c.body(db) })
	}
	check.Done()
}
