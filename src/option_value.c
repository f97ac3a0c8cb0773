/* option_value: text of one option value <-> its member of scan_config, bounds checked. Owns the
 * strings that the members point to. Pure but for the heap; main thread, before any other starts.
 * Refuses: values that are cut, rounded or guessed; what is not wholly understood is an error. */
#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* The ends of a range are neighbours: one row describes both. */
_Static_assert(offsetof(struct scan_config, source_ip_hi) ==
		   offsetof(struct scan_config, source_ip_lo) + sizeof(struct ipaddr),
    "source_ip_hi follows source_ip_lo");
_Static_assert(offsetof(struct scan_config, source_port_hi) ==
		   offsetof(struct scan_config, source_port_lo) + sizeof(uint16_t),
    "source_port_hi follows source_port_lo");

/* One value of any type without ownership, between parsing and storing. */
struct value {
	double real;                    /* RATE, BANDWIDTH */
	uint64_t number;                /* U32, U64, LEVEL, ENUM */
	int64_t duration_ns;            /* DURATION */
	uint8_t mac[6];                 /* MAC */
	struct ipaddr addr_lo, addr_hi; /* ADDR_RANGE */
	uint16_t port_lo, port_hi;      /* PORT_RANGE */
};

static void *member_of(const struct option_row *row, struct scan_config *config)
{
	return (char *)config + row->offset;
}

static const void *member_of_const(const struct option_row *row, const struct scan_config *config)
{
	return (const char *)config + row->offset;
}

/* Reads "12", "0.5", "1.25": decimal, no sign, no exponent. Returns what follows, NULL when text
 * does not begin with a number. */
static const char *parse_decimal(const char *text, double *out)
{
	size_t n = strspn(text, "0123456789");
	size_t n_digits = n;
	if (text[n] == '.') {
		size_t n_fraction = strspn(text + n + 1, "0123456789");
		n_digits += n_fraction;
		n += 1 + n_fraction;
	}
	char buf[64];
	if (n_digits == 0 || n >= sizeof(buf))
		return NULL;
	memcpy(buf, text, n);
	buf[n] = '\0';
	*out = strtod(buf, NULL); /* no locale is ever set, so the point is a point */
	return text + n;
}

/* The factor of a suffix k, M or G in either case; 1 at the end of text, 0 for anything else. */
static double suffix_factor(const char *text)
{
	static const struct {
		const char *text;
		double factor;
	} suffixes[] = {
	    {"", 1}, {"k", 1e3}, {"K", 1e3}, {"m", 1e6}, {"M", 1e6}, {"g", 1e9}, {"G", 1e9}};
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (strcmp(text, suffixes[i].text) == 0)
			return suffixes[i].factor;
	return 0;
}

static int parse_rate(const char *text, double *out, struct diag *diag)
{
	double number;
	const char *rest = parse_decimal(text, &number);
	double factor = rest ? suffix_factor(rest) : 0;
	if (factor == 0)
		return diag_set(diag, -EINVAL,
		    "'%.64s' is not a rate: write packets per second, such as 0.5, 500, 10k or 1M",
		    text);
	*out = number * factor;
	return 0;
}

/* As tc(8) and zmap(1) write it: a number, k M G, and optionally bit or bps. */
static int parse_bandwidth(const char *text, double *out, struct diag *diag)
{
	double number;
	const char *rest = parse_decimal(text, &number);
	char suffix[2] = "";
	if (rest && *rest && strchr("kKmMgG", *rest))
		suffix[0] = *rest++;
	if (!rest || (*rest && strcmp(rest, "bit") != 0 && strcmp(rest, "bps") != 0))
		return diag_set(diag, -EINVAL,
		    "'%.64s' is not a bandwidth: write bits per second, such as 100mbit, 10M or 1gbit",
		    text);
	*out = number * suffix_factor(suffix);
	return 0;
}

static int parse_duration(const char *text, int64_t *out, struct diag *diag)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"", 1e9}, {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9},
	    {"h", 3600e9}, {"d", 86400e9}};
	double number;
	const char *rest = parse_decimal(text, &number);
	for (size_t i = 0; rest && i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(rest, units[i].unit) != 0)
			continue;
		if (number * units[i].ns > 9.2e18)
			return diag_set(diag, -EINVAL, "'%.64s' is too long a time", text);
		*out = (int64_t)(number * units[i].ns + 0.5);
		return 0;
	}
	return diag_set(diag, -EINVAL,
	    "'%.64s' is not a time: write a number and a unit, such as 500ms, 10s or 2m", text);
}

/* Decimal, or 0x and hexadecimal; the suffixes k, M, G only for is_wide. */
static int parse_integer(const char *text, bool is_wide, uint64_t *out, struct diag *diag)
{
	bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = is_hex ? text + 2 : text;
	size_t n = strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789");
	uint64_t factor = digits[n] == '\0' ? 1 : 0;
	if (is_wide && !is_hex && factor == 0)
		factor = (uint64_t)suffix_factor(digits + n);
	errno = 0;
	uint64_t number = n > 0 ? strtoull(digits, NULL, is_hex ? 16 : 10) : 0;
	if (n == 0 || factor == 0)
		return diag_set(diag, -EINVAL, "'%.64s' is not a whole number", text);
	if (errno == ERANGE || number > UINT64_MAX / factor)
		return diag_set(diag, -EINVAL, "'%.64s' is too large a number", text);
	*out = number * factor;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Six pairs of hexadecimal digits with : or - between; one station's, so neither group nor zero. */
static int parse_mac(const char *text, uint8_t out[6], struct diag *diag)
{
	bool is_mac = strlen(text) == 17;
	uint8_t bits = 0;
	for (size_t i = 0; is_mac && i < 6; i++) {
		int high = hex_digit(text[3 * i]);
		int low = hex_digit(text[3 * i + 1]);
		char separator = text[3 * i + 2];
		is_mac =
		    high >= 0 && low >= 0 &&
		    (i == 5 || ((separator == ':' || separator == '-') && separator == text[2]));
		out[i] = (uint8_t)((unsigned)high << 4 | (unsigned)low);
		bits |= out[i];
	}
	if (!is_mac)
		return diag_set(diag, -EINVAL,
		    "'%.64s' is not a MAC address: write six bytes, such as 02:00:5e:10:00:01",
		    text);
	if (bits == 0 || (out[0] & 1))
		return diag_set(diag, -EINVAL,
		    "'%.64s' is not one station's MAC address: the first byte is even, not all are 0",
		    text);
	return 0;
}

static int parse_addr_range(const char *text, struct value *value, struct diag *diag)
{
	const char *dash = strchr(text, '-');
	size_t len = dash ? (size_t)(dash - text) : strlen(text);
	const char *hi = dash ? dash + 1 : text;
	if (ipaddr_parse(text, len, &value->addr_lo) < 0 ||
	    ipaddr_parse(hi, strlen(hi), &value->addr_hi) < 0)
		return diag_set(diag, -EINVAL,
		    "'%.100s' is not an address or a range: write ADDR or ADDR-ADDR", text);
	if (ipaddr_is_v4(&value->addr_lo) != ipaddr_is_v4(&value->addr_hi))
		return diag_set(diag, -EINVAL, "'%.100s' mixes IPv4 and IPv6 in one range", text);
	if (ipaddr_cmp(&value->addr_lo, &value->addr_hi) > 0)
		return diag_set(diag, -EINVAL,
		    "'%.100s' runs backwards: write the smaller address first", text);
	return 0;
}

/* Reads a port, 1 to 65535; returns what follows, NULL when there is none. */
static const char *parse_port(const char *text, uint16_t *out)
{
	size_t n = strspn(text, "0123456789");
	unsigned long port = n >= 1 && n <= 5 ? strtoul(text, NULL, 10) : 0;
	if (port == 0 || port > 65535)
		return NULL;
	*out = (uint16_t)port;
	return text + n;
}

static int parse_port_range(const char *text, struct value *value, struct diag *diag)
{
	const char *rest = parse_port(text, &value->port_lo);
	value->port_hi = value->port_lo;
	if (rest && *rest == '-')
		rest = parse_port(rest + 1, &value->port_hi);
	if (!rest || *rest)
		return diag_set(diag, -EINVAL,
		    "'%.64s' is not a port or a range: write PORT or PORT-PORT, 1 to 65535", text);
	if (value->port_lo > value->port_hi)
		return diag_set(
		    diag, -EINVAL, "'%.64s' runs backwards: write the smaller port first", text);
	return 0;
}

/* The i-th name of "a|b|c" into buf; false when there are fewer or buf is too small. */
static bool enum_name(const char *names, size_t i, char *buf, size_t size)
{
	for (; i > 0; i--) {
		names = strchr(names, '|');
		if (!names)
			return false;
		names++;
	}
	size_t len = strcspn(names, "|");
	if (len >= size)
		return false;
	memcpy(buf, names, len);
	buf[len] = '\0';
	return true;
}

static int parse_enum(const char *names, const char *text, uint64_t *out, struct diag *diag)
{
	enum { MAX_NAMES = 16, NAME_LEN = 24 };
	char buf[MAX_NAMES][NAME_LEN];
	const char *candidates[MAX_NAMES + 1] = {NULL};
	for (size_t i = 0; i < MAX_NAMES && enum_name(names, i, buf[i], NAME_LEN); i++) {
		candidates[i] = buf[i];
		if (strcmp(buf[i], text) == 0) {
			*out = i;
			return 0;
		}
	}
	const char *near = option_nearest(text, candidates);
	if (near)
		return diag_set(
		    diag, -EINVAL, "'%.64s' is none of %s: did you mean %s?", text, names, near);
	return diag_set(diag, -EINVAL, "'%.64s' is none of %s", text, names);
}

static int parse_value(
    const struct option_row *row, const char *text, struct value *value, struct diag *diag)
{
	switch (row->type) {
	case OPTION_U32:
	case OPTION_LEVEL:
		return parse_integer(text, false, &value->number, diag);
	case OPTION_U64:
		return parse_integer(text, true, &value->number, diag);
	case OPTION_RATE:
		return parse_rate(text, &value->real, diag);
	case OPTION_BANDWIDTH:
		return parse_bandwidth(text, &value->real, diag);
	case OPTION_DURATION:
		return parse_duration(text, &value->duration_ns, diag);
	case OPTION_ENUM:
		return parse_enum(row->metavar, text, &value->number, diag);
	case OPTION_MAC:
		return parse_mac(text, value->mac, diag);
	case OPTION_ADDR_RANGE:
		return parse_addr_range(text, value, diag);
	case OPTION_PORT_RANGE:
		return parse_port_range(text, value, diag);
	case OPTION_STRING:
	case OPTION_LIST:
		if (*text == '\0')
			return diag_set(diag, -EINVAL, "'' is no %s", row->metavar);
		return 0;
	case OPTION_FLAG:
	case OPTION_TALLY:
	case OPTION_ACTION:
	case OPTION_TYPE_COUNT:
		break;
	}
	return 0;
}

/* -1, 0, 1 as a is below, at or above b, which was parsed from a bound of the same type. */
static int compare_values(
    const struct option_row *row, const struct value *a, const struct value *b)
{
	switch (row->type) {
	case OPTION_RATE:
	case OPTION_BANDWIDTH:
		return (a->real > b->real) - (a->real < b->real);
	case OPTION_DURATION:
		return (a->duration_ns > b->duration_ns) - (a->duration_ns < b->duration_ns);
	case OPTION_U32:
	case OPTION_U64:
	case OPTION_LEVEL:
		return (a->number > b->number) - (a->number < b->number);
	case OPTION_FLAG:
	case OPTION_TALLY:
	case OPTION_STRING:
	case OPTION_LIST:
	case OPTION_ENUM:
	case OPTION_MAC:
	case OPTION_ADDR_RANGE:
	case OPTION_PORT_RANGE:
	case OPTION_ACTION:
	case OPTION_TYPE_COUNT:
		break;
	}
	return 0;
}

static int check_bounds(
    const struct option_row *row, const char *text, const struct value *value, struct diag *diag)
{
	struct value bound = {0};
	if (row->min && (parse_value(row, row->min, &bound, diag) < 0 ||
			    compare_values(row, value, &bound) < 0))
		return row->max ? diag_set(diag, -EINVAL, "'%.64s' is out of range: use %s to %s",
				      text, row->min, row->max)
				: diag_set(diag, -EINVAL,
				      "'%.64s' is out of range: use at least %s", text, row->min);
	if (row->max && (parse_value(row, row->max, &bound, diag) < 0 ||
			    compare_values(row, value, &bound) > 0))
		return diag_set(diag, -EINVAL, "'%.64s' is out of range: use %s to %s", text,
		    row->min ? row->min : "0", row->max);
	return 0;
}

static int append_string(struct strlist *list, const char *text)
{
	char **v = realloc(list->v, (list->n + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	list->v = v;
	v[list->n] = strdup(text);
	if (!v[list->n])
		return -ENOMEM;
	list->n++;
	return 0;
}

static int store_string(char **member, const char *text)
{
	char *copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	free(*member);
	*member = copy;
	return 0;
}

static int store(
    const struct option_row *row, const char *text, const struct value *value, void *member)
{
	switch (row->type) {
	case OPTION_FLAG:
		*(bool *)member = true;
		break;
	case OPTION_TALLY:
		if (*(uint32_t *)member < UINT32_MAX)
			++*(uint32_t *)member;
		break;
	case OPTION_U32:
		*(uint32_t *)member = (uint32_t)value->number;
		break;
	case OPTION_ENUM:
		*(unsigned *)member = (unsigned)value->number;
		break;
	case OPTION_LEVEL:
		*(int *)member = (int)value->number;
		break;
	case OPTION_U64:
		*(uint64_t *)member = value->number;
		break;
	case OPTION_RATE:
	case OPTION_BANDWIDTH:
		*(double *)member = value->real;
		break;
	case OPTION_DURATION:
		*(int64_t *)member = value->duration_ns;
		break;
	case OPTION_STRING:
		return store_string(member, text);
	case OPTION_LIST:
		return append_string(member, text);
	case OPTION_MAC:
		memcpy(member, value->mac, sizeof(value->mac));
		break;
	case OPTION_ADDR_RANGE:
		((struct ipaddr *)member)[0] = value->addr_lo;
		((struct ipaddr *)member)[1] = value->addr_hi;
		break;
	case OPTION_PORT_RANGE:
		((uint16_t *)member)[0] = value->port_lo;
		((uint16_t *)member)[1] = value->port_hi;
		break;
	case OPTION_ACTION:
	case OPTION_TYPE_COUNT:
		break;
	}
	return 0;
}

int option_set(
    const struct option_row *row, const char *text, struct scan_config *config, struct diag *diag)
{
	struct value value = {0};
	if (text) {
		int err = parse_value(row, text, &value, diag);
		if (err == 0)
			err = check_bounds(row, text, &value, diag);
		if (err < 0)
			return err;
	}
	/* --zstd alone keeps the level and says "was given" */
	if (row->type != OPTION_LEVEL || text) {
		int err = store(row, text, &value, member_of(row, config));
		if (err < 0)
			return diag_set(diag, err, "out of memory");
	}
	if (row->also_offset != OPTION_NO_MEMBER)
		*(bool *)((char *)config + row->also_offset) = true;
	return 0;
}

int config_init(struct scan_config *config, struct diag *diag)
{
	*config = (struct scan_config){0};
	for (size_t i = 0; i < option_n_rows; i++) {
		const struct option_row *row = &option_rows[i];
		if (!row->initial)
			continue;
		int err = option_set(row, row->initial, config, diag);
		if (err < 0) {
			config_fini(config);
			return err;
		}
		if (row->also_offset != OPTION_NO_MEMBER)
			*(bool *)((char *)config + row->also_offset) = false;
	}
	return 0;
}

static void free_list(struct strlist *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	*list = (struct strlist){0};
}

void config_fini(struct scan_config *config)
{
	for (size_t i = 0; i < option_n_rows; i++) {
		const struct option_row *row = &option_rows[i];
		if (row->type == OPTION_STRING)
			free(*(char **)member_of(row, config));
		else if (row->type == OPTION_LIST)
			free_list(member_of(row, config));
	}
	free_list(&config->targets);
	*config = (struct scan_config){0};
}

/* The largest unit that says it exactly. */
static void format_duration(int64_t ns, FILE *f)
{
	static const struct {
		const char *unit;
		int64_t ns;
	} units[] = {{"d", 86400 * NS_PER_SEC}, {"h", 3600 * NS_PER_SEC}, {"m", 60 * NS_PER_SEC},
	    {"s", NS_PER_SEC}, {"ms", NS_PER_MS}, {"us", NS_PER_US}, {"ns", 1}};
	size_t i = 0;
	if (ns == 0)
		i = 3;
	while (ns % units[i].ns != 0)
		i++;
	fprintf(f, "%" PRId64 "%s", ns / units[i].ns, units[i].unit);
}

/* Plain decimal digits, enough to read back the same number. */
static void format_real(double number, FILE *f)
{
	char buf[400];
	for (int digits = 0; digits <= 17; digits++) {
		snprintf(buf, sizeof(buf), "%.*f", digits, number);
		if (strtod(buf, NULL) == number)
			break;
	}
	fputs(buf, f);
}

static void format_addr_range(const struct ipaddr *range, FILE *f)
{
	char buf[IPADDR_STRLEN];
	ipaddr_format(&range[0], buf);
	fputs(buf, f);
	if (!ipaddr_equal(&range[0], &range[1])) {
		ipaddr_format(&range[1], buf);
		fprintf(f, "-%s", buf);
	}
}

static void format_port_range(const uint16_t *range, FILE *f)
{
	fprintf(f, "%u", range[0]);
	if (range[0] != range[1])
		fprintf(f, "-%u", range[1]);
}

void option_format(
    const struct option_row *row, const struct scan_config *config, size_t i, FILE *f)
{
	const void *member = member_of_const(row, config);
	const uint8_t *mac = member;
	char name[32] = "";
	switch (row->type) {
	case OPTION_FLAG:
		fputs(*(const bool *)member ? "yes" : "no", f);
		break;
	case OPTION_TALLY:
	case OPTION_U32:
		fprintf(f, "%" PRIu32, *(const uint32_t *)member);
		break;
	case OPTION_LEVEL:
		fprintf(f, "%d", *(const int *)member);
		break;
	case OPTION_U64:
		fprintf(f, "%" PRIu64, *(const uint64_t *)member);
		break;
	case OPTION_RATE:
	case OPTION_BANDWIDTH:
		format_real(*(const double *)member, f);
		break;
	case OPTION_DURATION:
		format_duration(*(const int64_t *)member, f);
		break;
	case OPTION_STRING:
		fputs(*(char *const *)member ? *(char *const *)member : "", f);
		break;
	case OPTION_LIST:
		fputs(((const struct strlist *)member)->v[i], f);
		break;
	case OPTION_ENUM:
		enum_name(row->metavar, *(const unsigned *)member, name, sizeof(name));
		fputs(name, f);
		break;
	case OPTION_MAC:
		fprintf(f, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		    mac[5]);
		break;
	case OPTION_ADDR_RANGE:
		format_addr_range(member, f);
		break;
	case OPTION_PORT_RANGE:
		format_port_range(member, f);
		break;
	case OPTION_ACTION:
	case OPTION_TYPE_COUNT:
		break;
	}
}

/* The size of the member that holds a plain value, 0 for those that own memory. */
static size_t member_size(enum option_type type)
{
	switch (type) {
	case OPTION_FLAG:
		return sizeof(bool);
	case OPTION_TALLY:
	case OPTION_U32:
		return sizeof(uint32_t);
	case OPTION_LEVEL:
		return sizeof(int);
	case OPTION_ENUM:
		return sizeof(unsigned);
	case OPTION_U64:
		return sizeof(uint64_t);
	case OPTION_RATE:
	case OPTION_BANDWIDTH:
		return sizeof(double);
	case OPTION_DURATION:
		return sizeof(int64_t);
	case OPTION_MAC:
		return 6;
	case OPTION_ADDR_RANGE:
		return 2 * sizeof(struct ipaddr);
	case OPTION_PORT_RANGE:
		return 2 * sizeof(uint16_t);
	case OPTION_STRING:
	case OPTION_LIST:
	case OPTION_ACTION:
	case OPTION_TYPE_COUNT:
		break;
	}
	return 0;
}

bool option_is_set(const struct option_row *row, const struct scan_config *config)
{
	if (row->also_offset != OPTION_NO_MEMBER)
		return *(const bool *)((const char *)config + row->also_offset);
	const void *member = member_of_const(row, config);
	if (row->type == OPTION_LIST)
		return ((const struct strlist *)member)->n > 0;
	if (row->type == OPTION_STRING) {
		const char *text = *(char *const *)member;
		return text && (!row->initial || strcmp(text, row->initial) != 0);
	}
	struct scan_config initial = {0};
	if (row->initial && option_set(row, row->initial, &initial, NULL) < 0)
		return true;
	return memcmp(member, member_of_const(row, &initial), member_size(row->type)) != 0;
}
