/* Claims about out/geo: values of several layouts, absence, order of databases, and that no damaged
 * file can do harm. The databases are made here by tests/out/make_mmdb.pl; MaxMind's own test files
 * are used too where the environment variable SYNSPECT_MMDB_DIR or ../shared/mmdb leads to them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <maxminddb.h>

#include "base/diag.h"
#include "out/geo.h"
#include "tests/out/samples.h"

static char dir[] = "/tmp/test_geo.XXXXXX";

static const char *path_of(const char *name)
{
	static char paths[4][512];
	static int next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static struct ipaddr addr_of(const char *text)
{
	struct ipaddr addr;
	assert_int_equal(ipaddr_parse(text, strlen(text), &addr), 0);
	return addr;
}

static struct geo *open_all(const char *const *paths, size_t n)
{
	struct geo *geo = NULL;
	struct diag diag = {0};
	if (geo_open(paths, n, &diag, &geo) != 0)
		fail_msg("%s", diag.text);
	return geo;
}

static void assert_text(struct geo_text text, const char *want)
{
	if (!want) {
		assert_null(text.p);
		return;
	}
	assert_non_null(text.p);
	assert_int_equal(text.len, strlen(want));
	assert_memory_equal(text.p, want, text.len);
}

static void test_values_of_both_families_are_found(void **state)
{
	(void)state;
	const char *paths[] = {path_of("city.mmdb"), path_of("asn.mmdb")};
	struct geo *geo = open_all(paths, 2);
	for (int round = 0; round < 2; round++) { /* the second time from the cache */
		struct geo_record r;
		struct ipaddr addr = addr_of("192.0.2.7");
		assert_int_equal(geo_lookup(geo, &addr, &r), GEO_FOUND);
		assert_text(r.country, "CH");
		assert_text(r.city, "Z\xc3\xbcrich");
		assert_text(r.as_org, "Example \"Net\" \\ 1");
		assert_true(r.has_position && r.has_asn);
		assert_int_equal(r.lat_e4, 473769);
		assert_int_equal(r.lon_e4, 85417);
		assert_int_equal(r.asn, 64496);
		addr = addr_of("2001:db8:1::1");
		assert_int_equal(geo_lookup(geo, &addr, &r), GEO_FOUND);
		assert_text(r.country, "BR");
		assert_text(r.city, NULL);
		assert_int_equal(r.lat_e4, -235500);
		assert_int_equal(r.lon_e4, -466333);
		assert_int_equal(r.asn, 4200000000);
		addr = addr_of("192.0.2.200");
		assert_int_equal(geo_lookup(geo, &addr, &r), GEO_FOUND);
		assert_text(r.country, "NZ");
		assert_false(r.has_position);
		addr = addr_of("198.51.100.1");
		assert_int_equal(geo_lookup(geo, &addr, &r), GEO_MISS);
		assert_text(r.country, NULL);
		assert_false(r.has_asn || r.has_position);
	}
	geo_close(geo);
}

static void test_flat_databases_are_understood_and_the_first_wins(void **state)
{
	(void)state;
	const char *flat_only[] = {path_of("flat.mmdb")};
	struct geo *geo = open_all(flat_only, 1);
	struct geo_record r;
	struct ipaddr addr = addr_of("192.0.2.200");
	assert_int_equal(geo_lookup(geo, &addr, &r), GEO_FOUND);
	assert_text(r.country, "XX");
	assert_text(r.city, "Flattown");
	assert_text(r.as_org, "Flat");
	assert_int_equal(r.asn, 64511);
	addr = addr_of("198.51.100.9");
	assert_int_equal(geo_lookup(geo, &addr, &r), GEO_FOUND);
	assert_text(r.country, "YY");
	geo_close(geo);
	const char *both[] = {path_of("city.mmdb"), path_of("flat.mmdb")};
	geo = open_all(both, 2);
	addr = addr_of("192.0.2.200");
	assert_int_equal(geo_lookup(geo, &addr, &r), GEO_FOUND);
	assert_text(r.country, "NZ");    /* the first database's */
	assert_text(r.city, "Flattown"); /* only the second knows */
	geo_close(geo);
}

static void test_values_of_a_wrong_type_or_range_are_absent(void **state)
{
	(void)state;
	const char *paths[] = {path_of("odd.mmdb")};
	struct geo *geo = open_all(paths, 1);
	static const char *const addrs[] = {"192.0.2.1", "192.0.2.65", "192.0.2.129"};
	for (size_t i = 0; i < 3; i++) {
		struct geo_record r;
		struct ipaddr addr = addr_of(addrs[i]);
		assert_int_equal(geo_lookup(geo, &addr, &r), GEO_FOUND);
		assert_text(r.country, NULL);
		assert_text(r.city, NULL);
		assert_text(r.as_org, NULL);
		assert_false(r.has_position || r.has_asn);
	}
	geo_close(geo);
}

static void test_ipv6_misses_in_an_ipv4_database(void **state)
{
	(void)state;
	const char *paths[] = {path_of("v4.mmdb")};
	struct geo *geo = open_all(paths, 1);
	struct geo_record r;
	struct ipaddr addr = addr_of("2001:db8::1");
	assert_int_equal(geo_lookup(geo, &addr, &r), GEO_MISS);
	addr = addr_of("203.0.113.1");
	assert_int_equal(geo_lookup(geo, &addr, &r), GEO_FOUND);
	assert_text(r.country, "AU");
	geo_close(geo);
}

static void test_metadata_names_the_database(void **state)
{
	(void)state;
	const char *paths[] = {path_of("asn.mmdb")};
	struct geo *geo = open_all(paths, 1);
	assert_int_equal(geo_get_count(geo), 1);
	struct geo_database db = geo_get_database(geo, 0);
	assert_string_equal(db.path, paths[0]);
	assert_string_equal(db.type, "Test-asn");
	assert_true(db.build_epoch > 1600000000);
	geo_close(geo);
}

static void write_file(const char *path, const void *bytes, size_t len)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

static size_t read_file(const char *path, uint8_t *buf, size_t cap)
{
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	size_t len = fread(buf, 1, cap, f);
	fclose(f);
	return len;
}

static void assert_refused(const char *path, int want_err, const char *want_text)
{
	const char *paths[] = {path_of("city.mmdb"), path};
	struct geo *geo = NULL;
	struct diag diag = {0};
	int err = geo_open(paths, 2, &diag, &geo);
	assert_null(geo);
	assert_int_equal(err, want_err);
	assert_non_null(strstr(diag.text, path));
	assert_non_null(strstr(diag.text, want_text));
	assert_null(strchr(diag.text, '\n'));
}

static void test_what_is_no_database_is_refused_with_its_name(void **state)
{
	(void)state;
	assert_refused("/nonexistent/x.mmdb", -ENOENT, "No such file");
	write_file(path_of("text"), "hello\n", 6);
	assert_refused(path_of("text"), -EINVAL, "fetch it again");
	uint8_t buf[8192];
	size_t len = read_file(path_of("city.mmdb"), buf, sizeof(buf));
	write_file(path_of("cut"), buf, len / 2);
	assert_refused(path_of("cut"), -EINVAL, "fetch it again");
	const char *too_many[GEO_DATABASES_MAX + 1];
	for (size_t i = 0; i <= GEO_DATABASES_MAX; i++)
		too_many[i] = "x";
	struct geo *geo = NULL;
	assert_int_equal(geo_open(too_many, GEO_DATABASES_MAX + 1, NULL, &geo), -EINVAL);
	geo_close(NULL);
}

/* Looks up addresses all over the space; whatever is found must be readable (ASan and valgrind
 * look). */
static void wander(struct geo *geo, uint64_t seed)
{
	volatile uint8_t sum = 0;
	for (int i = 0; i < 200; i++) {
		struct ipaddr addr =
		    i % 2 ? ipaddr_from_v4(0xc0000200 + (uint32_t)(sample_next(&seed) & 0xff))
			  : ipaddr_from_u64(0x20010db800000000 | (sample_next(&seed) >> 32), 1);
		struct geo_record r;
		(void)geo_lookup(geo, &addr, &r);
		const struct geo_text texts[] = {r.country, r.city, r.as_org};
		for (size_t k = 0; k < 3; k++)
			for (size_t j = 0; j < texts[k].len; j++)
				sum = (uint8_t)(sum + (uint8_t)texts[k].p[j]);
		if (r.has_position)
			assert_true(abs(r.lat_e4) <= 900000 && abs(r.lon_e4) <= 1800000);
	}
}

static void test_damage_of_any_kind_is_an_error_or_harmless(void **state)
{
	(void)state;
	uint8_t good[8192], bad[8192];
	size_t len = read_file(path_of("city.mmdb"), good, sizeof(good));
	uint64_t seed = 7;
	size_t n_refused = 0, n_opened = 0;
	char path[512];
	snprintf(path, sizeof(path), "%s/damaged", dir);
	for (int i = 0; i < 3000; i++) {
		memcpy(bad, good, len);
		size_t n_flips = 1 + sample_next(&seed) % 4;
		for (size_t k = 0; k < n_flips; k++)
			bad[sample_next(&seed) % len] = (uint8_t)sample_next(&seed);
		write_file(path, bad, len);
		const char *paths[] = {path};
		struct geo *geo = NULL;
		struct diag diag = {0};
		if (geo_open(paths, 1, &diag, &geo) != 0) {
			assert_non_null(strstr(diag.text, path));
			n_refused++;
			continue;
		}
		n_opened++;
		wander(geo, seed);
		geo_close(geo);
	}
	assert_true(n_refused > 0 && n_opened > 0);
}

/* What the library says at a path of the entry of addr; NULL: nothing. */
static const char *library_text(
    const MMDB_s *mmdb, const char *addr, const char *const *key, size_t *len)
{
	int gai_error, error;
	MMDB_entry_data_s data;
	MMDB_lookup_result_s found = MMDB_lookup_string(mmdb, addr, &gai_error, &error);
	if (!found.found_entry || MMDB_aget_value(&found.entry, &data, key) != MMDB_SUCCESS ||
	    !data.has_data)
		return NULL;
	*len = data.data_size;
	return data.utf8_string;
}

/* The library is the oracle for our own walk and reader. */
static void assert_agrees_with_library(const char *path)
{
	static const char *const country[] = {"country", "iso_code", NULL};
	static const char *const city[] = {"city", "names", "en", NULL};
	static const char *const org[] = {"autonomous_system_organization", NULL};
	const char *paths[] = {path};
	struct geo *geo = open_all(paths, 1);
	MMDB_s mmdb;
	assert_int_equal(MMDB_open(path, MMDB_MODE_MMAP, &mmdb), MMDB_SUCCESS);
	uint64_t seed = 3;
	size_t n_found = 0;
	for (int i = 0; i < 20000; i++) {
		uint64_t r = sample_next(&seed);
		/* Everywhere, and densely where databases for tests have their entries. */
		struct ipaddr addr =
		    i % 4 == 0   ? ipaddr_from_v4((uint32_t)r)
		    : i % 4 == 1 ? ipaddr_from_v4(0xc0000200 + (uint32_t)(r & 0xff))
		    : i % 4 == 2 ? ipaddr_from_v4(0x51020000 + (uint32_t)(r & 0xffff))
				 : ipaddr_from_u64(UINT64_C(0x2001000000000000) | r >> 16, r);
		char text[IPADDR_STRLEN];
		ipaddr_format(&addr, text);
		struct geo_record record;
		enum geo_result met = geo_lookup(geo, &addr, &record);
		assert_int_not_equal(met, GEO_DAMAGED);
		n_found += met == GEO_FOUND;
		const struct {
			const char *const *key;
			struct geo_text ours;
		} rows[] = {{country, record.country}, {city, record.city}, {org, record.as_org}};
		for (size_t k = 0; k < 3; k++) {
			size_t len = 0;
			const char *theirs = library_text(&mmdb, text, rows[k].key, &len);
			assert_int_equal(theirs != NULL, rows[k].ours.p != NULL);
			if (theirs) {
				assert_int_equal(rows[k].ours.len, len);
				assert_memory_equal(rows[k].ours.p, theirs, len);
			}
		}
	}
	assert_true(n_found > 0);
	MMDB_close(&mmdb);
	geo_close(geo);
}

static void test_the_library_agrees(void **state)
{
	(void)state;
	assert_agrees_with_library(path_of("city.mmdb"));
	assert_agrees_with_library(path_of("asn.mmdb"));
	assert_agrees_with_library(path_of("wide.mmdb"));
	assert_agrees_with_library(path_of("widest.mmdb"));
}

static void test_maxminds_own_test_files(void **state)
{
	(void)state;
	char reference[512];
	const char *given = getenv("SYNSPECT_MMDB_DIR");
	snprintf(reference, sizeof(reference), "%s", given ? given : SRCDIR "/../shared/mmdb");
	if (access(reference, R_OK) != 0)
		skip();
	char city[600], asn[600];
	snprintf(city, sizeof(city), "%s/GeoLite2-City-Test.mmdb", reference);
	snprintf(asn, sizeof(asn), "%s/GeoLite2-ASN-Test.mmdb", reference);
	const char *paths[] = {city, asn};
	struct geo *geo = open_all(paths, 2);
	struct geo_record r;
	struct ipaddr addr = addr_of("81.2.69.142");
	assert_int_equal(geo_lookup(geo, &addr, &r), GEO_FOUND);
	assert_text(r.country, "GB");
	assert_text(r.city, "London");
	addr = addr_of("1.128.0.1");
	assert_int_equal(geo_lookup(geo, &addr, &r), GEO_FOUND);
	assert_int_equal(r.asn, 1221);
	geo_close(geo);
	assert_agrees_with_library(city);
	assert_agrees_with_library(asn);
	static const char *const broken[] = {"MaxMind-DB-test-broken-pointers-24.mmdb",
	    "MaxMind-DB-test-broken-search-tree-24.mmdb"};
	for (size_t i = 0; i < 2; i++) {
		char path[600];
		snprintf(path, sizeof(path), "%s/%s", reference, broken[i]);
		assert_refused(path, -EINVAL, "fetch it again");
	}
}

static int remove_dir(void **state)
{
	(void)state;
	char command[128];
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	return system(command);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	char command[1024];
	snprintf(command, sizeof(command), "perl '%s/tests/out/make_mmdb.pl' '%s'", SRCDIR, dir);
	if (system("perl -e 'use MaxMind::DB::Writer::Tree' 2>/dev/null") != 0) {
		puts("SKIP: no MaxMind::DB::Writer (package libmaxmind-db-writer-perl)");
		rmdir(dir);
		return 77;
	}
	if (system(command) != 0)
		return 1;
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_values_of_both_families_are_found),
	    cmocka_unit_test(test_flat_databases_are_understood_and_the_first_wins),
	    cmocka_unit_test(test_values_of_a_wrong_type_or_range_are_absent),
	    cmocka_unit_test(test_ipv6_misses_in_an_ipv4_database),
	    cmocka_unit_test(test_metadata_names_the_database),
	    cmocka_unit_test(test_what_is_no_database_is_refused_with_its_name),
	    cmocka_unit_test(test_damage_of_any_kind_is_an_error_or_harmless),
	    cmocka_unit_test(test_the_library_agrees),
	    cmocka_unit_test(test_maxminds_own_test_files),
	};
	return cmocka_run_group_tests(tests, NULL, remove_dir);
}
