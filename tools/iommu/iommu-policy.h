/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy of a virtual machine monitor (VMM) for a guest that has an IOMMU of
 * its own: can the hardware translate by the guest's tables, or does the VMM have
 * to shadow them, or neither?
 *
 * A VMM takes iommu-policy.c and this header as they are. They need nothing but
 * linux/iommufd.h: no I/O, no memory, no state. The VMM binds the devices, asks
 * each with IOMMU_DEVICE_GET_INFO, says what the guest shall see, and gets the
 * answer with the reasons.
 *
 * The answer is for all the devices together, because a guest works with its
 * IOMMU in one way: if it is shadowed, the guest has to tell of each new mapping,
 * else of the changed ones only. It is what the devices say; the kernel, which
 * looks at the data of a table as well, has the last word.
 */
#ifndef IOMMU_POLICY_H
#define IOMMU_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/iommufd.h>

/**
 * enum iommu_policy - what a VMM does with the tables of its guest
 * @IOMMU_POLICY_HW_NESTING: make a child IOASID in the guest's format: exact match.
 *      Devices behind different IOMMUs need one each, see IOMMU_IOASID_ALLOC
 * @IOMMU_POLICY_SHADOWING: make a child IOASID in the format IOMMU_FORMAT_MAP_UNMAP,
 *      and copy to it what the guest's tables map
 * @IOMMU_POLICY_REFUSED: do not give the guest these devices behind this IOMMU
 */
enum iommu_policy {
	IOMMU_POLICY_HW_NESTING = 0,
	IOMMU_POLICY_SHADOWING = 1,
	IOMMU_POLICY_REFUSED = 2,
};

/**
 * enum iommu_policy_code - why something is not possible
 * @IOMMU_POLICY_FITS: it is
 * @IOMMU_POLICY_NO_DEVICE: there is no device
 * @IOMMU_POLICY_NO_TABLE: the guest has no table, but maps and unmaps
 * @IOMMU_POLICY_NO_IOMMU: the device has no IOMMU
 * @IOMMU_POLICY_NO_FORMAT: the device cannot have the format
 * @IOMMU_POLICY_UNSAFE: the kernel refuses the format: the guest's tables could make
 *      DMA bypass the caches of the CPU
 * @IOMMU_POLICY_NONCOHERENT: the kernel does not refuse that, but the VMM does
 * @IOMMU_POLICY_PAGE_SIZE: a page size of the guest; @value has it
 * @IOMMU_POLICY_WIDTH: an IOVA of the guest is too wide for the table; @value has it
 * @IOMMU_POLICY_IOVA: an IOVA of the guest is not permitted; @value has it
 * @IOMMU_POLICY_MEMORY: an address of guest memory is not permitted; @value has it
 * @IOMMU_POLICY_ALIGNMENT: guest memory does not consist of whole pages, of @value
 *      bytes
 * @IOMMU_POLICY_PASIDS: there are only PASIDs of @value bits; 0: there are none, as
 *      they cannot be shadowed, or the table has none
 */
enum iommu_policy_code {
	IOMMU_POLICY_FITS,
	IOMMU_POLICY_NO_DEVICE,
	IOMMU_POLICY_NO_TABLE,
	IOMMU_POLICY_NO_IOMMU,
	IOMMU_POLICY_NO_FORMAT,
	IOMMU_POLICY_UNSAFE,
	IOMMU_POLICY_NONCOHERENT,
	IOMMU_POLICY_PAGE_SIZE,
	IOMMU_POLICY_WIDTH,
	IOMMU_POLICY_IOVA,
	IOMMU_POLICY_MEMORY,
	IOMMU_POLICY_ALIGNMENT,
	IOMMU_POLICY_PASIDS,
};

/**
 * struct iommu_policy_wish - what the guest shall see
 * @format: of its tables, as in struct iommu_format_info. IOMMU_FORMAT_MAP_UNMAP:
 *          it has none, its IOMMU is told of each mapping
 * @coherent: refuse what could make DMA bypass the caches of the CPU, also if the
 *            administrator of the host accepts it
 * @pasid_width: of its PASIDs, in bits; 0: none
 * @pgsizes: bitmap of the page sizes of its tables: bit n is 2^n bytes; 0: any
 * @iovas: the IOVAs that it can give to its devices
 * @num_iovas: number of ranges
 * @memory: its memory, by guest physical addresses
 * @num_memory: number of ranges
 *
 * Devices use the guest's memory by its physical addresses as long as the guest
 * has not switched on its IOMMU, and with hardware nesting they are IOVAs of the
 * parent: so they have to be permitted in any case. The guest's IOVAs are IOVAs for
 * the kernel only if the tables are shadowed.
 */
struct iommu_policy_wish {
	__u32 format;
	bool coherent;
	__u8 pasid_width;
	__u64 pgsizes;
	const struct iommu_iova_range *iovas;
	size_t num_iovas;
	const struct iommu_iova_range *memory;
	size_t num_memory;
};

/**
 * struct iommu_policy_reason - why something is not possible
 * @code: the reason
 * @device: index of the first device that is the reason
 * @value: see enum iommu_policy_code
 */
struct iommu_policy_reason {
	enum iommu_policy_code code;
	size_t device;
	__u64 value;
};

/**
 * struct iommu_policy_decision - the answer
 * @policy: what to do
 * @hardware: why not hardware nesting
 * @shadowing: why not shadowing. Both are told whatever @policy is
 */
struct iommu_policy_decision {
	enum iommu_policy policy;
	struct iommu_policy_reason hardware;
	struct iommu_policy_reason shadowing;
};

/**
 * iommu_policy_decide() - hardware nesting, shadowing or neither?
 * @wish: what the guest shall see
 * @devices: what IOMMU_DEVICE_GET_INFO answered for each device. Complete answers,
 *           not EMSGSIZE: @formats and @ranges point to so many entries
 * @num_devices: number of them
 *
 * Return: the answer; the first of the three that is possible for all devices.
 */
struct iommu_policy_decision
iommu_policy_decide(const struct iommu_policy_wish *wish,
		    const struct iommu_device_get_info *devices,
		    size_t num_devices);

/**
 * iommu_policy_format() - a format that a device has
 * @device: what IOMMU_DEVICE_GET_INFO answered
 * @format: of enum iommu_format, or enum iommu_hwpt_data_type
 *
 * Return: what the device says of it, or NULL.
 */
const struct iommu_format_info *
iommu_policy_format(const struct iommu_device_get_info *device, __u32 format);

/* The name of an answer, to be read by people */
const char *iommu_policy_name(enum iommu_policy policy);

/* The name of a reason, to be read by programs: a word of a-z and "-" */
const char *iommu_policy_code_name(enum iommu_policy_code code);

/**
 * iommu_policy_explain() - tell a reason in words
 * @reason: the reason
 * @text: returns half a sentence about the device, which it does not name
 * @size: bytes at @text; 128 are enough
 */
void iommu_policy_explain(const struct iommu_policy_reason *reason, char *text,
			  size_t size);

#endif
