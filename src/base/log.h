#ifndef BASE_LOG_H
#define BASE_LOG_H

/* stderr only, one line, lower case, no full stop: "what: which: why". Never per packet. */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Messages above level are dropped. Default LOG_WARN. Set once before threads start. */
void log_set_level(enum log_level level);

/* Prints "synspect: text\n" when level is enabled. Any thread; keeps errno. */
void log_print(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_print(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_print(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_print(LOG_DEBUG, __VA_ARGS__)

#endif
