#include "cli/movr_int.h"
#include "base/buf.h"
#include "base/util.h"
#include <stdio.h>

enum { USERS = 50, VEHICLES = 15, RIDES = 500, LOCATIONS = 1000, PROMO_CODES = 1000, USER_PROMO_CODES = 5 };

static const char schema[] =
    "CREATE TABLE users (id UUID NOT NULL, city VARCHAR NOT NULL, name VARCHAR, address VARCHAR, credit_card VARCHAR, "
    "PRIMARY KEY (city, id));"
    "CREATE TABLE vehicles (id UUID NOT NULL, city VARCHAR NOT NULL, type VARCHAR, owner_id UUID, creation_time "
    "TIMESTAMP, status VARCHAR, current_location VARCHAR, ext JSONB, PRIMARY KEY (city, id), FOREIGN KEY (city, "
    "owner_id) REFERENCES users (city, id));"
    "CREATE TABLE rides (id UUID NOT NULL, city VARCHAR NOT NULL, vehicle_city VARCHAR, rider_id UUID, vehicle_id "
    "UUID, "
    "start_address VARCHAR, end_address VARCHAR, start_time TIMESTAMP, end_time TIMESTAMP, revenue DECIMAL(10,2), "
    "PRIMARY KEY (city, id), FOREIGN KEY (city, rider_id) REFERENCES users (city, id), FOREIGN KEY (vehicle_city, "
    "vehicle_id) REFERENCES vehicles (city, id));"
    "CREATE TABLE vehicle_location_histories (city VARCHAR NOT NULL, ride_id UUID NOT NULL, \"timestamp\" TIMESTAMP "
    "NOT "
    "NULL, lat FLOAT8, long FLOAT8, PRIMARY KEY (city, ride_id, \"timestamp\"), FOREIGN KEY (city, ride_id) REFERENCES "
    "rides (city, id));"
    "CREATE TABLE promo_codes (code VARCHAR NOT NULL PRIMARY KEY, description VARCHAR, creation_time TIMESTAMP, "
    "expiration_time TIMESTAMP, rules JSONB);"
    "CREATE TABLE user_promo_codes (city VARCHAR NOT NULL, user_id UUID NOT NULL, code VARCHAR NOT NULL, \"timestamp\" "
    "TIMESTAMP, usage_count INT8, PRIMARY KEY (city, user_id, code), FOREIGN KEY (city, user_id) REFERENCES users "
    "(city, id));";

static const char *const cities[] = {"amsterdam", "boston",        "jakarta", "los angeles", "nairobi",
                                     "paris",     "san francisco", "seattle", "tokyo"};
static const char *const first_names[] = {"Ada",  "Budi", "Chen", "Dewi", "Edgar", "Fatima", "Grace", "Hana",
                                          "Ivan", "Joko", "Kiri", "Lena", "Mei",   "Nadia",  "Omar",  "Putri"};
static const char *const last_names[] = {"Adams", "Bakker", "Castro", "Dubois", "Evans",  "Fischer",
                                         "Gupta", "Hassan", "Ishida", "Jansen", "Kimani", "Lopez",
                                         "Mori",  "Nguyen", "Okafor", "Pratama"};
static const char *const streets[] = {"Canal", "Harbor", "Hill", "Lake", "Market", "Mill", "Orchard", "Station"};
static const char *const vehicle_types[] = {"bike", "scooter", "skateboard"};
static const char *const colors[] = {"black", "blue", "green", "red", "yellow"};
static const char *const statuses[] = {"available", "in_use", "lost"};

// Row i of every table belongs to city i mod the number of cities, so that references stay within a city.
static const char *city_of(int i)
{
    return cities[(size_t)i % ARRAY_LEN(cities)];
}

// Ids are made of the table's number and the row's, so that other tables can name them.
static void put_uuid(struct buf *sql, int table, int row)
{
    buf_printf(sql, "'%08x-%04x-4000-8000-%012x'", (unsigned)(row * 2654435761u), table, (unsigned)row);
}

static const char *pick(struct rng *rng, const char *const *items, size_t n)
{
    return items[rng_below(rng, n)];
}

#define PICK(rng, items) pick((rng), (items), ARRAY_LEN(items))

static void put_address(struct buf *sql, struct rng *rng)
{
    buf_printf(sql, "'%d %s Street'", 1 + (int)rng_below(rng, 300), PICK(rng, streets));
}

static void put_time(struct buf *sql, int minutes)
{
    buf_printf(sql, "'2024-01-%02d %02d:%02d:00'", 1 + minutes / 1440 % 28, minutes / 60 % 24, minutes % 60);
}

static void users_row(struct buf *sql, struct rng *rng, int i)
{
    put_uuid(sql, 1, i);
    buf_printf(sql, ",'%s','%s %s',", city_of(i), PICK(rng, first_names), PICK(rng, last_names));
    put_address(sql, rng);
    buf_printf(sql, ",'%010llu'", (unsigned long long)rng_below(rng, 10000000000u));
}

static void vehicles_row(struct buf *sql, struct rng *rng, int i)
{
    put_uuid(sql, 2, i);
    buf_printf(sql, ",'%s','%s',", city_of(i), PICK(rng, vehicle_types));
    put_uuid(sql, 1, i);
    buf_putc(sql, ',');
    put_time(sql, (int)rng_below(rng, 40000));
    buf_printf(sql, ",'%s',", PICK(rng, statuses));
    put_address(sql, rng);
    buf_printf(sql, ",'{\"color\": \"%s\"}'", PICK(rng, colors));
}

// The vehicle, and the rider, of a ride: one of the ride's city.
static int same_city(struct rng *rng, int i, int rows)
{
    int n = (int)ARRAY_LEN(cities), first = i % n;
    int choices = first < rows ? (rows - first + n - 1) / n : 1;
    return first < rows ? first + n * (int)rng_below(rng, (uint64_t)choices) : first % rows;
}

static void rides_row(struct buf *sql, struct rng *rng, int i)
{
    int vehicle = same_city(rng, i, VEHICLES), start = i * 50;
    put_uuid(sql, 3, i);
    buf_printf(sql, ",'%s','%s',", city_of(i), city_of(vehicle));
    put_uuid(sql, 1, same_city(rng, i, USERS));
    buf_putc(sql, ',');
    put_uuid(sql, 2, vehicle);
    buf_putc(sql, ',');
    put_address(sql, rng);
    buf_putc(sql, ',');
    put_address(sql, rng);
    buf_putc(sql, ',');
    put_time(sql, start);
    buf_putc(sql, ',');
    put_time(sql, start + 5 + (int)rng_below(rng, 40));
    buf_printf(sql, ",%d.%02d", (int)rng_below(rng, 100), (int)rng_below(rng, 100));
}

static void locations_row(struct buf *sql, struct rng *rng, int i)
{
    int ride = i % RIDES;
    buf_printf(sql, "'%s',", city_of(ride));
    put_uuid(sql, 3, ride);
    buf_putc(sql, ',');
    put_time(sql, i);
    buf_printf(sql, ",%.4f,%.4f", rng_unit(rng) * 180 - 90, rng_unit(rng) * 360 - 180);
}

static void promo_codes_row(struct buf *sql, struct rng *rng, int i)
{
    int percent = 5 * (1 + (int)rng_below(rng, 10));
    buf_printf(sql, "'%d_%s_%04d','%d percent off a ride',", percent, PICK(rng, colors), i, percent);
    put_time(sql, i * 10);
    buf_cstr(sql, ",'2034-01-01 00:00:00',");
    buf_printf(sql, "'{\"type\": \"percent_discount\", \"value\": \"%d%%\"}'", percent);
}

static void user_promo_codes_row(struct buf *sql, struct rng *rng, int i)
{
    buf_printf(sql, "'%s',", city_of(i));
    put_uuid(sql, 1, i);
    buf_printf(sql, ",'welcome_%d',", i);
    put_time(sql, i * 100);
    buf_printf(sql, ",%d", (int)rng_below(rng, 4));
}

static const struct {
    const char *table;
    int rows;
    void (*put_row)(struct buf *sql, struct rng *rng, int i);
} tables[] = {
    {"users", USERS, users_row},
    {"vehicles", VEHICLES, vehicles_row},
    {"rides", RIDES, rides_row},
    {"vehicle_location_histories", LOCATIONS, locations_row},
    {"promo_codes", PROMO_CODES, promo_codes_row},
    {"user_promo_codes", USER_PROMO_CODES, user_promo_codes_row},
};

static int execute(PGconn *conn, const char *sql, struct err *err)
{
    PGresult *result = PQexec(conn, sql);
    int rc = 0;
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        struct str message = str_trim(str_of(PQresultErrorMessage(result)));
        rc = err_set(err, ERR_INTERNAL_ERROR, "cannot load the sample data: %.*s", STR_FMT(message));
    }
    PQclear(result);
    return rc;
}

int movr_load(PGconn *conn, struct err *err)
{
    struct rng rng;
    struct buf sql = BUF_INIT;
    rng_seed(&rng, 1);
    TRY(execute(conn, "CREATE DATABASE " MOVR_DATABASE, err));
    TRY(execute(conn, "SET database = " MOVR_DATABASE, err));
    int rc = execute(conn, schema, err);
    for (size_t t = 0; rc == 0 && t < ARRAY_LEN(tables); t++) {
        buf_clear(&sql);
        buf_printf(&sql, "INSERT INTO %s VALUES ", tables[t].table);
        for (int i = 0; i < tables[t].rows; i++) {
            buf_cstr(&sql, i > 0 ? ",(" : "(");
            tables[t].put_row(&sql, &rng, i);
            buf_putc(&sql, ')');
        }
        rc = execute(conn, buf_c(&sql), err);
    }
    buf_release(&sql);
    return rc;
}
