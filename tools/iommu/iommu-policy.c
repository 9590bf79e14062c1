// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hardware nesting, shadowing or neither? See iommu-policy.h.
 *
 * Both ways are lists of conditions that a device has to meet, one function per
 * way, in the order in which it helps most to be told: first what the device is,
 * then what the guest asks for. A way is possible if every device meets all of its
 * conditions; the first one that does not is the reason.
 *
 * Nothing is kept, allocated or read but the arguments.
 */
#include <stdint.h>
#include <stdio.h>

#include "iommu-policy.h"

#define U64_BITS 64

static struct iommu_policy_reason reason(enum iommu_policy_code code, __u64 value)
{
	return (struct iommu_policy_reason){ .code = code, .value = value };
}

static __u64 lowest_bit(__u64 bits)
{
	return bits & -bits;
}

/* An entry can be longer than the caller knows it */
const struct iommu_format_info *
iommu_policy_format(const struct iommu_device_get_info *device, __u32 format)
{
	const char *entry = (const char *)(uintptr_t)device->formats;

	for (__u32 i = 0; i < device->num_formats; i++) {
		const struct iommu_format_info *info = (const void *)entry;

		if (info->format == format)
			return info;
		entry += device->format_len;
	}
	return NULL;
}

/* The first address of a range that a device does not permit, if there is one */
static bool find_not_permitted(const struct iommu_device_get_info *device,
			       const struct iommu_iova_range *range,
			       __u64 *address)
{
	const struct iommu_iova_range *permitted =
		(const void *)(uintptr_t)device->ranges;

	*address = range->start;
	for (__u32 i = 0; i < device->num_ranges; i++, permitted++) {
		if (permitted->last < *address)
			continue;
		if (permitted->start > *address)
			return true;
		if (permitted->last >= range->last)
			return false;
		*address = permitted->last + 1;
	}
	return true;
}

static struct iommu_policy_reason
check_permitted(const struct iommu_device_get_info *device,
		const struct iommu_iova_range *ranges, size_t num,
		enum iommu_policy_code code)
{
	__u64 address;

	for (size_t i = 0; i < num; i++)
		if (find_not_permitted(device, &ranges[i], &address))
			return reason(code, address);
	return reason(IOMMU_POLICY_FITS, 0);
}

/* Can the kernel map the guest's memory for the device, as the parent? */
static struct iommu_policy_reason
check_memory(const struct iommu_policy_wish *wish,
	     const struct iommu_device_get_info *device)
{
	__u64 page = lowest_bit(device->out_pgsizes);

	for (size_t i = 0; i < wish->num_memory; i++)
		if (!page || wish->memory[i].start % page ||
		    (wish->memory[i].last + 1) % page)
			return reason(IOMMU_POLICY_ALIGNMENT, page);
	return check_permitted(device, wish->memory, wish->num_memory,
			       IOMMU_POLICY_MEMORY);
}

static struct iommu_policy_reason
check_width(const struct iommu_policy_wish *wish, unsigned int width)
{
	for (size_t i = 0; i < wish->num_iovas; i++)
		if (width < U64_BITS && wish->iovas[i].last >> width)
			return reason(IOMMU_POLICY_WIDTH, wish->iovas[i].last);
	return reason(IOMMU_POLICY_FITS, 0);
}

/* The hardware reads the guest's tables: all that can be in them must suit */
static struct iommu_policy_reason
check_hardware(const struct iommu_policy_wish *wish,
	       const struct iommu_device_get_info *device)
{
	const struct iommu_format_info *format;
	struct iommu_policy_reason why;

	if (wish->format == IOMMU_FORMAT_MAP_UNMAP)
		return reason(IOMMU_POLICY_NO_TABLE, 0);
	if (device->out_caps & IOMMU_DEVICE_CAP_NO_IOMMU)
		return reason(IOMMU_POLICY_NO_IOMMU, 0);
	format = iommu_policy_format(device, wish->format);
	if (!format || !(format->flags & IOMMU_FORMAT_HW_NESTING))
		return reason(IOMMU_POLICY_NO_FORMAT, 0);
	if (format->flags & IOMMU_FORMAT_REFUSED)
		return reason(IOMMU_POLICY_UNSAFE, 0);
	if (wish->coherent && format->flags & IOMMU_FORMAT_NONCOHERENT)
		return reason(IOMMU_POLICY_NONCOHERENT, 0);
	if (wish->pgsizes & ~format->pgsizes)
		return reason(IOMMU_POLICY_PAGE_SIZE,
			      lowest_bit(wish->pgsizes & ~format->pgsizes));
	if (wish->pasid_width > format->pasid_width)
		return reason(IOMMU_POLICY_PASIDS, format->pasid_width);
	why = check_width(wish, format->addr_width);
	return why.code ? why : check_memory(wish, device);
}

/*
 * The VMM reads the guest's tables, whatever their format, and the kernel maps what
 * it finds there: a page of the guest consists of whole pages of the kernel's table.
 * A device has one such table, for requests without PASID.
 */
static struct iommu_policy_reason
check_shadowing(const struct iommu_policy_wish *wish,
		const struct iommu_device_get_info *device)
{
	const struct iommu_format_info *format;
	struct iommu_policy_reason why;

	if (device->out_caps & IOMMU_DEVICE_CAP_NO_IOMMU)
		return reason(IOMMU_POLICY_NO_IOMMU, 0);
	format = iommu_policy_format(device, IOMMU_FORMAT_MAP_UNMAP);
	if (!format || !(format->flags & IOMMU_FORMAT_SW_NESTING))
		return reason(IOMMU_POLICY_NO_FORMAT, 0);
	if (wish->coherent && !(device->out_caps & IOMMU_DEVICE_CAP_COHERENT))
		return reason(IOMMU_POLICY_NONCOHERENT, 0);
	if (wish->pgsizes &&
	    (!device->out_pgsizes ||
	     lowest_bit(wish->pgsizes) < lowest_bit(device->out_pgsizes)))
		return reason(IOMMU_POLICY_PAGE_SIZE, lowest_bit(wish->pgsizes));
	if (wish->pasid_width)
		return reason(IOMMU_POLICY_PASIDS, 0);
	why = check_permitted(device, wish->iovas, wish->num_iovas,
			      IOMMU_POLICY_IOVA);
	return why.code ? why : check_memory(wish, device);
}

static struct iommu_policy_reason
check_all(const struct iommu_policy_wish *wish,
	  const struct iommu_device_get_info *devices, size_t num_devices,
	  struct iommu_policy_reason (*check)(const struct iommu_policy_wish *,
					      const struct iommu_device_get_info *))
{
	struct iommu_policy_reason why = reason(IOMMU_POLICY_NO_DEVICE, 0);

	for (size_t i = 0; i < num_devices; i++) {
		why = check(wish, &devices[i]);
		why.device = i;
		if (why.code)
			return why;
	}
	why.device = 0;
	return why;
}

struct iommu_policy_decision
iommu_policy_decide(const struct iommu_policy_wish *wish,
		    const struct iommu_device_get_info *devices,
		    size_t num_devices)
{
	struct iommu_policy_decision decision = {
		.hardware = check_all(wish, devices, num_devices,
				      check_hardware),
		.shadowing = check_all(wish, devices, num_devices,
				       check_shadowing),
	};

	if (!decision.hardware.code)
		decision.policy = IOMMU_POLICY_HW_NESTING;
	else if (!decision.shadowing.code)
		decision.policy = IOMMU_POLICY_SHADOWING;
	else
		decision.policy = IOMMU_POLICY_REFUSED;
	return decision;
}

const char *iommu_policy_name(enum iommu_policy policy)
{
	switch (policy) {
	case IOMMU_POLICY_HW_NESTING:
		return "hardware nesting";
	case IOMMU_POLICY_SHADOWING:
		return "kernel-managed with software shadowing";
	case IOMMU_POLICY_REFUSED:
		return "refused";
	}
	return NULL;
}

static const struct {
	const char *name;
	const char *text;	/* has @value, if there is one */
} reasons[] = {
	[IOMMU_POLICY_FITS] = { "fits", "fits" },
	[IOMMU_POLICY_NO_DEVICE] = { "no-device", "there is no device" },
	[IOMMU_POLICY_NO_TABLE] = {
		"no-table", "there is no table of the guest to nest" },
	[IOMMU_POLICY_NO_IOMMU] = { "no-iommu", "has no IOMMU" },
	[IOMMU_POLICY_NO_FORMAT] = {
		"no-format", "cannot have tables in this format" },
	[IOMMU_POLICY_UNSAFE] = {
		"unsafe",
		"the kernel refuses tables that could make DMA bypass the caches" },
	[IOMMU_POLICY_NONCOHERENT] = {
		"noncoherent", "DMA could bypass the caches" },
	[IOMMU_POLICY_PAGE_SIZE] = {
		"page-size", "cannot map pages of %#llx bytes" },
	[IOMMU_POLICY_WIDTH] = {
		"width", "IOVA %#llx is too wide for its tables" },
	[IOMMU_POLICY_IOVA] = { "iova", "IOVA %#llx is not permitted" },
	[IOMMU_POLICY_MEMORY] = {
		"memory",
		"the address of guest memory %#llx is not a permitted IOVA" },
	[IOMMU_POLICY_ALIGNMENT] = {
		"alignment", "guest memory is not in whole pages of %#llx bytes" },
	[IOMMU_POLICY_PASIDS] = { "pasids", "has only %llu bits of PASIDs there" },
};

const char *iommu_policy_code_name(enum iommu_policy_code code)
{
	return reasons[code].name;
}

void iommu_policy_explain(const struct iommu_policy_reason *why, char *text,
			  size_t size)
{
	const char *words = reasons[why->code].text;

	if (why->code == IOMMU_POLICY_PASIDS && !why->value)
		words = "cannot have PASIDs that way";
	snprintf(text, size, words, (unsigned long long)why->value);
}
