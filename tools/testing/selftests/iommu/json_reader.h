/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A strict reader of JSON (RFC 8259), to check what a program writes.
 *
 * json_valid() accepts well-formed documents only: no comma too much, no control
 * character in a string, no wrong escape, nothing behind the document. json_find()
 * finds a value in one by its path, such as "formats/1/name". It has nothing in
 * common with the writer in tools/iommu.
 */
#ifndef __JSON_READER_H
#define __JSON_READER_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_DEPTH_MAX 32

static const char *json_skip_value(const char *p, unsigned int depth);

static inline const char *json_skip_space(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* @skip functions return what follows, or NULL if that is not what it is */
static inline const char *json_skip_string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	while (*p != '"') {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p++ != '\\')
			continue;
		if (*p == 'u') {
			if (strspn(p + 1, "0123456789abcdefABCDEF") < 4)
				return NULL;
			p += 4;
		} else if (!*p || !strchr("\"\\/bfnrt", *p)) {
			return NULL;
		}
		p++;
	}
	return p + 1;
}

static inline const char *json_skip_digits(const char *p)
{
	size_t length = strspn(p, "0123456789");

	return length ? p + length : NULL;
}

static inline const char *json_skip_number(const char *p)
{
	p += *p == '-';
	p = *p == '0' ? p + 1 : json_skip_digits(p);
	if (p && *p == '.')
		p = json_skip_digits(p + 1);
	if (p && (*p == 'e' || *p == 'E')) {
		p += 1 + (p[1] == '+' || p[1] == '-');
		p = json_skip_digits(p);
	}
	return p;
}

/* The inside of an object or an array, and its end */
static inline const char *json_skip_members(const char *p, char end,
					    unsigned int depth)
{
	p = json_skip_space(p + 1);
	if (*p == end)
		return p + 1;
	for (;;) {
		if (end == '}') {
			p = json_skip_string(p);
			if (!p)
				return NULL;
			p = json_skip_space(p);
			if (*p++ != ':')
				return NULL;
		}
		p = json_skip_value(p, depth);
		if (!p)
			return NULL;
		p = json_skip_space(p);
		if (*p == end)
			return p + 1;
		if (*p++ != ',')
			return NULL;
		p = json_skip_space(p);
	}
}

static const char *json_skip_value(const char *p, unsigned int depth)
{
	static const char *const words[] = { "true", "false", "null", NULL };

	p = json_skip_space(p);
	if (depth == JSON_DEPTH_MAX)
		return NULL;
	if (*p == '{')
		return json_skip_members(p, '}', depth + 1);
	if (*p == '[')
		return json_skip_members(p, ']', depth + 1);
	if (*p == '"')
		return json_skip_string(p);
	for (const char *const *word = words; *word; word++)
		if (!strncmp(p, *word, strlen(*word)))
			return p + strlen(*word);
	return json_skip_number(p);
}

static inline bool json_valid(const char *text)
{
	const char *end = json_skip_value(text, 0);

	return end && !*json_skip_space(end);
}

/* One step of a path, in a valid document: NULL if it is not there */
static inline const char *json_step(const char *p, const char *name,
				    size_t length)
{
	bool object;

	p = json_skip_space(p);
	object = *p == '{';
	if (!object && *p != '[')
		return NULL;
	p = json_skip_space(p + 1);
	for (unsigned long i = 0; *p != '}' && *p != ']'; i++) {
		bool found = !object && strtoul(name, NULL, 10) == i;

		if (object) {
			const char *key = p + 1;

			p = json_skip_string(p);
			found = (size_t)(p - key - 1) == length &&
				!strncmp(key, name, length);
			p = json_skip_space(p) + 1;
		}
		p = json_skip_space(p);
		if (found)
			return p;
		p = json_skip_space(json_skip_value(p, 0));
		if (*p == ',')
			p = json_skip_space(p + 1);
	}
	return NULL;
}

static inline const char *json_find(const char *text, const char *path)
{
	while (text && *path) {
		size_t length = strcspn(path, "/");

		text = json_step(text, path, length);
		path += length + (path[length] == '/');
	}
	return text;
}

/* Is it there, and written like that? Strings are in quotes */
static inline bool json_is(const char *text, const char *path,
			   const char *expected)
{
	const char *value = json_find(text, path);
	const char *end = value ? json_skip_value(value, 0) : NULL;
	size_t length = strlen(expected);

	if (end && (size_t)(end - value) == length &&
	    !strncmp(value, expected, length))
		return true;
	printf("# \"%s\" is %.*s instead of %s\n", path,
	       end ? (int)(end - value) : 9, end ? value : "not there",
	       expected);
	return false;
}

/* How many elements or members there are; -1 if it is not there */
static inline int json_count(const char *text, const char *path)
{
	const char *p = json_find(text, path);
	char index[16];
	int num = 0;

	if (!p || *p != '[')
		return -1;
	do
		snprintf(index, sizeof(index), "%d", num++);
	while (json_step(p, index, strlen(index)));
	return num - 1;
}

#endif
