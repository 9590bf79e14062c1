// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommuctl negotiate: how can the devices be given to a guest that has an IOMMU of
 * its own?
 *
 * This is what a VMM does before it shows the guest that IOMMU: bind all devices to
 * one IOMMU fd, each with a cookie, ask each what it can do, and decide. The decision
 * is that of iommu-policy.c. The cookies are indexes of the devices, and so is what
 * the decision names a device by.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device-query.h"
#include "iommu-policy.h"
#include "iommu-words.h"
#include "iommuctl.h"
#include "json.h"

#define REASON_MAX 160

/* PASIDs have 20 bits on the wire */
#define PASID_BITS 20

struct negotiation {
	struct iommu_policy_wish wish;
	struct iommu_iova_range *iovas;
	struct iommu_iova_range *memory;
	bool has_format;
	bool json;
	struct device_query *queries;
	size_t num;
};

static void add_range(struct iommu_iova_range **ranges, size_t *num,
		      const char *option, const char *text)
{
	*ranges = reallocarray(*ranges, *num + 1, sizeof(**ranges));
	if (!*ranges)
		err(IOMMUCTL_FAILED, "negotiate");
	if (!parse_range(text, &(*ranges)[*num]))
		usage_error("negotiate: --%s \"%s\" is no range", option, text);
	++*num;
}

static void parse_options(struct negotiation *it, int argc, char **argv)
{
	static const struct option options[] = {
		{ "coherent", no_argument, NULL, 'c' },
		{ "format", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "iova", required_argument, NULL, 'i' },
		{ "json", no_argument, NULL, 'j' },
		{ "memory", required_argument, NULL, 'm' },
		{ "pasids", required_argument, NULL, 'p' },
		{ "pgsize", required_argument, NULL, 's' },
		{ }
	};
	struct iommu_policy_wish *wish = &it->wish;
	__u64 number;
	int option;

	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			wish->coherent = true;
			break;
		case 'f':
			if (!parse_format(optarg, &wish->format))
				usage_error("negotiate: unknown format \"%s\"",
					    optarg);
			it->has_format = true;
			break;
		case 'h':
			show_help();
		case 'i':
			add_range(&it->iovas, &wish->num_iovas, "iova", optarg);
			break;
		case 'j':
			it->json = true;
			break;
		case 'm':
			add_range(&it->memory, &wish->num_memory, "memory",
				  optarg);
			break;
		case 'p':
			if (!parse_number(optarg, PASID_BITS, &number))
				usage_error("negotiate: --pasids \"%s\" is no number up to %u",
					    optarg, PASID_BITS);
			wish->pasid_width = number;
			break;
		case 's':
			if (!parse_page_sizes(optarg, &number))
				usage_error("negotiate: --pgsize \"%s\" are no page sizes",
					    optarg);
			wish->pgsizes |= number;
			break;
		default:
			option_error(option, argv);
		}
	}
	wish->iovas = it->iovas;
	wish->memory = it->memory;
	if (!it->has_format)
		usage_error("negotiate: --format is missing");
	if (optind == argc)
		usage_error("negotiate: no device");
}

/* A second one of the same device would look as if somebody had it */
static bool is_new(const struct negotiation *it, const struct sysfs_device *device)
{
	for (size_t i = 0; i < it->num; i++)
		if (!strcmp(it->queries[i].sysfs.name, device->name))
			return false;
	return true;
}

static bool ask_all(struct negotiation *it, int iommu, int argc, char **argv)
{
	it->queries = calloc(argc, sizeof(*it->queries));
	if (!it->queries)
		err(IOMMUCTL_FAILED, "negotiate");
	for (int i = 0; i < argc; i++) {
		struct sysfs_device device;

		if (sysfs_device_find(argv[i], &device) && !is_new(it, &device))
			usage_error("negotiate: %s is named twice", argv[i]);
		it->num++;
		if (!device_query_begin(&it->queries[i], argv[i], iommu, i))
			return false;
	}
	return true;
}

static struct iommu_policy_decision decide(const struct negotiation *it)
{
	struct iommu_device_get_info *infos = calloc(it->num, sizeof(*infos));
	struct iommu_policy_decision decision;

	if (!infos)
		err(IOMMUCTL_FAILED, "negotiate");
	for (size_t i = 0; i < it->num; i++)
		infos[i] = it->queries[i].info;
	decision = iommu_policy_decide(&it->wish, infos, it->num);
	free(infos);
	return decision;
}

static void tell_reason(const struct negotiation *it, const char *what,
			const struct iommu_policy_reason *reason)
{
	char text[REASON_MAX];

	iommu_policy_explain(reason, text, sizeof(text));
	printf("no %s: %s: %s\n", what, it->queries[reason->device].sysfs.name,
	       text);
}

/* What the administrator accepts is told to who relies on it */
static void tell_noncoherent(const struct negotiation *it)
{
	for (size_t i = 0; i < it->num; i++) {
		const struct iommu_format_info *format =
			iommu_policy_format(&it->queries[i].info,
					    it->wish.format);

		if (format->flags & IOMMU_FORMAT_NONCOHERENT)
			printf("note: %s: %s\n", it->queries[i].sysfs.name,
			       "tables can make DMA bypass the caches; the administrator accepts that");
	}
}

static void show_text(const struct negotiation *it,
		      const struct iommu_policy_decision *decision)
{
	char format[WORD_MAX];

	printf("%s\n", iommu_policy_name(decision->policy));
	format_text(it->wish.format, format);
	switch (decision->policy) {
	case IOMMU_POLICY_HW_NESTING:
		printf("the hardware can translate by tables in the format %s, for %s\n",
		       format, it->num == 1 ? "the device" : "all devices");
		tell_noncoherent(it);
		break;
	case IOMMU_POLICY_SHADOWING:
		tell_reason(it, "hardware nesting", &decision->hardware);
		break;
	case IOMMU_POLICY_REFUSED:
		tell_reason(it, "hardware nesting", &decision->hardware);
		tell_reason(it, "shadowing", &decision->shadowing);
		break;
	}
}

static void reason_json(const struct negotiation *it, struct json *json,
			const char *key, const struct iommu_policy_reason *reason)
{
	char text[REASON_MAX];

	json_begin_object(json, key);
	json_bool(json, "possible", !reason->code);
	if (reason->code) {
		iommu_policy_explain(reason, text, sizeof(text));
		json_string(json, "reason", iommu_policy_code_name(reason->code));
		json_string(json, "device",
			    it->queries[reason->device].sysfs.name);
		json_string(json, "text", text);
	}
	json_end_object(json);
}

static void show_json(const struct negotiation *it,
		      const struct iommu_policy_decision *decision)
{
	static const char *const answers[] = {
		[IOMMU_POLICY_HW_NESTING] = "hardware-nesting",
		[IOMMU_POLICY_SHADOWING] = "software-shadowing",
		[IOMMU_POLICY_REFUSED] = "refused",
	};
	struct json json = { .out = stdout };

	json_begin_object(&json, NULL);
	json_string(&json, "answer", answers[decision->policy]);
	json_number(&json, "format", it->wish.format);
	json_begin_array(&json, "devices");
	for (size_t i = 0; i < it->num; i++)
		json_string(&json, NULL, it->queries[i].sysfs.name);
	json_end_array(&json);
	reason_json(it, &json, "hardware_nesting", &decision->hardware);
	reason_json(it, &json, "software_shadowing", &decision->shadowing);
	json_end_object(&json);
}

int iommuctl_negotiate(int argc, char **argv)
{
	struct negotiation it = {};
	struct iommu_policy_decision decision;
	int iommu, status = IOMMUCTL_FAILED;

	parse_options(&it, argc, argv);
	iommu = iommu_fd_open();
	if (ask_all(&it, iommu, argc - optind, argv + optind)) {
		decision = decide(&it);
		if (it.json)
			show_json(&it, &decision);
		else
			show_text(&it, &decision);
		status = decision.policy;
	}
	for (size_t i = 0; i < it.num; i++)
		device_query_end(&it.queries[i]);
	free(it.queries);
	free(it.iovas);
	free(it.memory);
	close(iommu);
	return status;
}
