//! tokio-postgres: binary formats both ways, pipelining, portals, COPY, cancellation. It refuses what has another type than it expects.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use futures_util::{pin_mut, SinkExt, TryStreamExt};
use postgres_native_tls::MakeTlsConnector;
use rust_decimal::Decimal;
use std::future::Future;
use std::net::IpAddr;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{Kind, ToSql, Type};
use tokio_postgres::{Client, Config, CopyInSink, Error, IsolationLevel};
use uuid::Uuid;

type Outcome = Result<(), Box<dyn std::error::Error>>;

struct Checks {
    passed: u32,
    failed: u32,
}

impl Checks {
    async fn run(&mut self, name: &str, body: impl Future<Output = Outcome>) {
        match body.await {
            Ok(()) => self.passed += 1,
            Err(e) => {
                self.failed += 1;
                println!("FAIL {name}: {e:?}");
            }
        }
    }
}

macro_rules! same {
    ($got:expr, $want:expr) => {
        let (got, want) = ($got, $want);
        if got != want {
            return Err(format!("{}: got {got:?}, not {want:?}", line!()).into());
        }
    };
}

fn code(result: Result<impl Sized, Error>) -> Option<SqlState> {
    result.err().and_then(|e| e.code().cloned())
}

fn connector(certificate: &str) -> Result<MakeTlsConnector, Box<dyn std::error::Error>> {
    let authority = native_tls::Certificate::from_pem(&std::fs::read(certificate)?)?;
    Ok(MakeTlsConnector::new(native_tls::TlsConnector::builder().add_root_certificate(authority).build()?))
}

/// The parameters that libpq alone understands are ours to take out of the URL.
async fn connect() -> Result<(Client, MakeTlsConnector), Box<dyn std::error::Error>> {
    let url = std::env::var("DATABASE_URL")?;
    let (address, query) = url.split_once('?').ok_or("no parameters")?;
    let certificate = query.split('&').find_map(|p| p.strip_prefix("sslrootcert=")).ok_or("no certificate")?;
    let mut config: Config = address.parse()?;
    config.ssl_mode(tokio_postgres::config::SslMode::Require);
    let tls = connector(certificate)?;
    let (client, connection) = config.connect(tls.clone()).await?;
    tokio::spawn(connection);
    Ok((client, tls))
}

async fn schema(db: &Client) -> Outcome {
    db.batch_execute(
        "CREATE TYPE mood AS ENUM ('sad', 'ok');
         CREATE TABLE kinds (id INT PRIMARY KEY, flag BOOL, i2 INT2, i4 INT4, f4 FLOAT4, f8 FLOAT8, n DECIMAL(12,3), s STRING, b BYTES, d DATE,
           t TIME, ts TIMESTAMP, tz TIMESTAMPTZ, u UUID, j JSONB, ip INET, ss STRING[], ii INT[]);
         CREATE TABLE accounts (id INT PRIMARY KEY, owner STRING NOT NULL UNIQUE, balance DECIMAL NOT NULL CHECK (balance >= 0))",
    )
    .await?;
    Ok(())
}

async fn types(db: &Client) -> Outcome {
    let date = NaiveDate::from_ymd_opt(1815, 12, 10).ok_or("date")?;
    let time = NaiveTime::from_hms_micro_opt(1, 2, 3, 4).ok_or("time")?;
    let moment = NaiveDateTime::new(date, time);
    let zoned: DateTime<Utc> = moment.and_utc();
    let number: Decimal = "-12.500".parse()?;
    let bytes: &[u8] = &[0, 255];
    let json = serde_json::json!({"a": [1, null, "x"]});
    let address: IpAddr = "10.1.2.3".parse()?;
    let texts = vec![Some("a,b"), None];
    let numbers = vec![1i64, -2];
    let uuid = Uuid::from_u128(7);
    let row: Vec<&(dyn ToSql + Sync)> = vec![
        &1i64, &true, &-2i16, &7i32, &1.5f32, &0.1f64, &number, &"é😀'\\", &bytes, &date, &time, &moment, &zoned, &uuid, &json, &address, &texts, &numbers,
    ];
    let insert = db.prepare("INSERT INTO kinds VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18)").await?;
    same!(db.execute(&insert, &row).await?, 1);
    let got = db.query_one("SELECT * FROM kinds WHERE id = $1", &[&1i64]).await?;
    same!((got.get::<_, i64>(0), got.get::<_, bool>(1), got.get::<_, i16>(2), got.get::<_, i32>(3)), (1, true, -2, 7));
    same!((got.get::<_, f32>(4), got.get::<_, f64>(5), got.get::<_, Decimal>(6), got.get::<_, &str>(7)), (1.5, 0.1, number, "é😀'\\"));
    same!((got.get::<_, &[u8]>(8), got.get::<_, NaiveDate>(9), got.get::<_, NaiveTime>(10)), (bytes, date, time));
    same!((got.get::<_, NaiveDateTime>(11), got.get::<_, DateTime<Utc>>(12), got.get::<_, Uuid>(13)), (moment, zoned, uuid));
    same!((got.get::<_, serde_json::Value>(14), got.get::<_, IpAddr>(15)), (json, address));
    same!((got.get::<_, Vec<Option<&str>>>(16), got.get::<_, Vec<i64>>(17)), (texts, numbers));
    Ok(())
}

async fn columns_and_parameters(db: &Client) -> Outcome {
    let statement = db.prepare("SELECT id, $1::INT8 + i4, s = ANY($2) FROM kinds WHERE tz > $3 LIMIT $4").await?;
    same!(statement.params(), [Type::INT8, Type::TEXT_ARRAY, Type::TIMESTAMPTZ, Type::INT8]);
    let types: Vec<Type> = statement.columns().iter().map(|c| c.type_().clone()).collect();
    same!(types, [Type::INT8, Type::INT8, Type::BOOL]);
    Ok(())
}

/// Types that the driver does not know it asks the catalog for.
async fn enums(db: &Client) -> Outcome {
    let statement = db.prepare("SELECT 'ok'::mood, ARRAY['sad']::mood[]").await?;
    let mood = statement.columns()[0].type_();
    same!((mood.name(), mood.kind()), ("mood", &Kind::Enum(vec!["sad".into(), "ok".into()])));
    same!(statement.columns()[1].type_().kind(), &Kind::Array(mood.clone()));
    Ok(())
}

/// What Prisma's engines ask first, with parameters that are arrays of names and columns that are "char".
async fn catalog(db: &Client) -> Outcome {
    let namespaces: Vec<&str> = vec!["public"];
    let rows = db
        .query("SELECT c.oid, c.relname, c.relkind, c.relhassubclass, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY ( $1 ) AND c.relkind = 'r' ORDER BY c.relname", &[&namespaces])
        .await?;
    same!((rows[0].get::<_, u32>(0) > 0, rows[0].get::<_, &str>(1), rows[0].get::<_, i8>(2), rows[0].get::<_, &str>(4)), (true, "accounts", b'r' as i8, "public"));
    let rows = db
        .query("SELECT con.oid, con.conname, con.contype, con.confdeltype, con.conkey FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid WHERE c.relname = $1 AND con.contype = 'u'", &[&"accounts"])
        .await?;
    same!((rows[0].get::<_, &str>(1), rows[0].get::<_, i8>(2), rows[0].get::<_, Vec<i16>>(4)), ("accounts_owner_key", b'u' as i8, vec![2]));
    Ok(())
}

async fn pipelining(db: &Client) -> Outcome {
    let insert = db.prepare("INSERT INTO accounts VALUES ($1, $2, 100)").await?;
    let names: Vec<String> = (0..50).map(|i| format!("owner {i}")).collect();
    let ids: Vec<i64> = (0..50).collect();
    let parameters: Vec<[&(dyn ToSql + Sync); 2]> = ids.iter().zip(&names).map(|(id, name)| [id as &(dyn ToSql + Sync), name]).collect();
    let all = futures_util::future::try_join_all(parameters.iter().map(|p| db.execute(&insert, p))).await?;
    same!(all.len(), 50);
    let stream = db.query_raw("SELECT id FROM accounts ORDER BY id", Vec::<i64>::new()).await?;
    let got: Vec<i64> = stream.map_ok(|row| row.get::<_, i64>(0)).try_collect().await?;
    same!(got, ids);
    Ok(())
}

async fn transactions(db: &mut Client) -> Outcome {
    let mut outer = db.build_transaction().isolation_level(IsolationLevel::Serializable).start().await?;
    outer.execute("UPDATE accounts SET balance = balance + 1 WHERE id = 1", &[]).await?;
    let inner = outer.transaction().await?;
    same!(code(inner.execute("INSERT INTO accounts VALUES (1, 'x', 1)", &[]).await), Some(SqlState::UNIQUE_VIOLATION));
    inner.rollback().await?;
    let portal = outer.bind("SELECT id FROM accounts ORDER BY id", &[]).await?;
    let mut sizes = Vec::new();
    loop {
        let rows = outer.query_portal(&portal, 20).await?;
        sizes.push(rows.len());
        if rows.len() < 20 {
            break;
        }
    }
    same!(sizes, [20, 20, 10]);
    outer.commit().await?;
    same!(db.query_one("SELECT balance FROM accounts WHERE id = 1", &[]).await?.get::<_, Decimal>(0), Decimal::from(101));
    Ok(())
}

async fn add_one(other: &mut Client) -> Result<(), Error> {
    loop {
        let step = async {
            let tx = other.transaction().await?;
            let balance: Decimal = tx.query_one("SELECT balance FROM accounts WHERE id = 2", &[]).await?.get(0);
            tx.execute("UPDATE accounts SET balance = $1 WHERE id = 2", &[&(balance + Decimal::ONE)]).await?;
            tx.commit().await
        };
        match step.await {
            Err(e) if e.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE) => continue,
            other => return other,
        }
    }
}

async fn contention(db: &Client) -> Outcome {
    let worker = || async {
        let (mut other, _) = connect().await?;
        for _ in 0..5 {
            add_one(&mut other).await?;
        }
        Ok::<(), Box<dyn std::error::Error>>(())
    };
    futures_util::future::try_join_all((0..4).map(|_| worker())).await?;
    same!(db.query_one("SELECT balance FROM accounts WHERE id = 2", &[]).await?.get::<_, Decimal>(0), Decimal::from(120));
    Ok(())
}

async fn errors(db: &Client) -> Outcome {
    let e = db.execute("INSERT INTO accounts VALUES (99, 'owner 1', 1)", &[]).await.err().ok_or("no error")?;
    let e = e.as_db_error().ok_or("not the server's")?;
    same!((e.code(), e.constraint(), e.table(), e.detail()), (&SqlState::UNIQUE_VIOLATION, Some("accounts_owner_key"), Some("accounts"), Some("Key (owner)=('owner 1') already exists.")));
    same!(code(db.execute("UPDATE accounts SET balance = -1", &[]).await), Some(SqlState::CHECK_VIOLATION));
    same!(code(db.query("SELECT * FROM nowhere", &[]).await), Some(SqlState::UNDEFINED_TABLE));
    same!(code(db.query("SELECT 1 / $1::INT8", &[&0i64]).await), Some(SqlState::DIVISION_BY_ZERO));
    Ok(())
}

async fn copy(db: &Client) -> Outcome {
    db.batch_execute("CREATE TABLE lines (n INT PRIMARY KEY, s STRING)").await?;
    let writer = BinaryCopyInWriter::new(db.copy_in("COPY lines FROM STDIN BINARY").await?, &[Type::INT8, Type::TEXT]);
    pin_mut!(writer);
    for i in 0..500i64 {
        writer.as_mut().write(&[&i, &"binary"]).await?;
    }
    same!(writer.finish().await?, 500);
    let sink: CopyInSink<&'static [u8]> = db.copy_in("COPY lines FROM STDIN").await?;
    pin_mut!(sink);
    sink.send(b"500\ttext\n".as_slice()).await?;
    same!(sink.finish().await?, 1);
    let stream = db.copy_out("COPY (SELECT n FROM lines ORDER BY n DESC LIMIT 2) TO STDOUT").await?;
    let parts: Vec<_> = stream.try_collect().await?;
    same!(parts.concat(), b"500\n499\n");
    Ok(())
}

async fn cancel(db: &Client, tls: MakeTlsConnector) -> Outcome {
    let token = db.cancel_token();
    let sleeping = db.simple_query("SELECT pg_sleep(60)");
    let (other, _) = connect().await?;
    let canceling = async {
        while other.query("SELECT 1 FROM [SHOW CLUSTER STATEMENTS] WHERE query LIKE '%pg_sleep(60%'", &[]).await?.is_empty() {}
        token.cancel_query(tls).await
    };
    let (slept, canceled) = tokio::join!(sleeping, canceling);
    canceled?;
    same!(code(slept), Some(SqlState::QUERY_CANCELED));
    same!(db.simple_query("SELECT 1; SELECT 2").await?.len() > 2, true);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let (mut db, tls) = connect().await?;
    let mut checks = Checks { passed: 0, failed: 0 };
    checks.run("schema", schema(&db)).await;
    checks.run("every type there and back", types(&db)).await;
    checks.run("columns and parameters", columns_and_parameters(&db)).await;
    checks.run("enums", enums(&db)).await;
    checks.run("catalog", catalog(&db)).await;
    checks.run("pipelining", pipelining(&db)).await;
    checks.run("transactions and portals", transactions(&mut db)).await;
    checks.run("contention", contention(&db)).await;
    checks.run("errors", errors(&db)).await;
    checks.run("COPY", copy(&db)).await;
    checks.run("cancel", cancel(&db, tls)).await;
    println!("{} passed, {} failed, 0 skipped", checks.passed, checks.failed);
    std::process::exit(i32::from(checks.failed > 0));
}
