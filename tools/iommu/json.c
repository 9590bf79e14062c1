// SPDX-License-Identifier: GPL-2.0-only
/*
 * A writer of JSON. See json.h.
 *
 * A comma stands before everything but the first in its object or array, which is
 * all that has to be remembered: when one ends, the one around it has something in
 * it.
 */
#include "json.h"

/* How many bytes the UTF-8 character at @text has; 0 if it is none */
static unsigned int utf8_length(const unsigned char *text)
{
	static const struct {
		unsigned char mask, lead;
		__u32 first;	/* smaller ones have to be written shorter */
	} lengths[] = {
		{ 0x80, 0x00, 0 },
		{ 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 },
		{ 0xf8, 0xf0, 0x10000 },
	};

	for (unsigned int n = 0; n < 4; n++) {
		__u32 code = *text & ~lengths[n].mask;

		if ((*text & lengths[n].mask) != lengths[n].lead)
			continue;
		for (unsigned int i = 1; i <= n; i++) {
			if ((text[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (text[i] & 0x3f);
		}
		/* Surrogates are no characters */
		if (code < lengths[n].first || code > 0x10ffff ||
		    (code >= 0xd800 && code <= 0xdfff))
			return 0;
		return n + 1;
	}
	return 0;
}

static void write_string(FILE *out, const char *string)
{
	const unsigned char *text = (const unsigned char *)string;

	putc('"', out);
	while (*text) {
		unsigned int length = utf8_length(text);

		if (!length) {
			fputs("\\ufffd", out);
			length = 1;
		} else if (*text == '"' || *text == '\\') {
			fprintf(out, "\\%c", *text);
		} else if (*text < 0x20 || *text == 0x7f) {
			fprintf(out, "\\u%04x", *text);
		} else {
			fwrite(text, 1, length, out);
		}
		text += length;
	}
	putc('"', out);
}

static void new_line(struct json *json)
{
	fprintf(json->out, "\n%*s", 2 * (int)json->depth, "");
}

/* What comes before a value */
static void write_key(struct json *json, const char *key)
{
	if (!json->empty && json->depth)
		putc(',', json->out);
	if (json->depth)
		new_line(json);
	json->empty = false;
	if (key) {
		write_string(json->out, key);
		fputs(": ", json->out);
	}
}

static void begin(struct json *json, const char *key, char bracket)
{
	write_key(json, key);
	putc(bracket, json->out);
	json->depth++;
	json->empty = true;
}

static void end(struct json *json, char bracket)
{
	json->depth--;
	if (!json->empty)
		new_line(json);
	json->empty = false;
	putc(bracket, json->out);
	if (!json->depth)
		putc('\n', json->out);
}

void json_begin_object(struct json *json, const char *key)
{
	begin(json, key, '{');
}

void json_end_object(struct json *json)
{
	end(json, '}');
}

void json_begin_array(struct json *json, const char *key)
{
	begin(json, key, '[');
}

void json_end_array(struct json *json)
{
	end(json, ']');
}

void json_string(struct json *json, const char *key, const char *value)
{
	write_key(json, key);
	if (value)
		write_string(json->out, value);
	else
		fputs("null", json->out);
}

void json_number(struct json *json, const char *key, __u64 value)
{
	write_key(json, key);
	fprintf(json->out, "%llu", value);
}

void json_hex(struct json *json, const char *key, __u64 value)
{
	write_key(json, key);
	fprintf(json->out, "\"0x%llx\"", value);
}

void json_bool(struct json *json, const char *key, bool value)
{
	write_key(json, key);
	fputs(value ? "true" : "false", json->out);
}
