/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/iommu: I/O address spaces for user space.
 *
 * An open /dev/iommu (an IOMMU fd) holds I/O address spaces, each named by an
 * IOASID, and the devices that were bound to it. Commands are ioctls on that
 * descriptor. Numbers, layouts and meaning of the commands 0x80 to 0xbf are
 * those of mainline Linux; commands from 0xc0 up and flag bits from 31 down
 * are extensions of this implementation.
 *
 * Rules for every command:
 *  - The argument points to a struct whose first member is its size in bytes,
 *    set by the caller. A size below the first published one gives EINVAL.
 *    Bytes beyond what the kernel knows must be zero, or E2BIG is returned.
 *  - A command the kernel does not know gives ENOTTY, an unknown flag or a
 *    non-zero reserved member EOPNOTSUPP, an impossible value EINVAL, an ID
 *    that names no object of the right kind ENOENT, an unreadable pointer
 *    EFAULT.
 *  - A command that fails changes nothing.
 *  - Ranges are inclusive where a member is called "last"; a "length" is in
 *    bytes. IOVAs and lengths are 64 bit on every architecture; on a 32-bit
 *    kernel those that do not fit give EOVERFLOW.
 *  - Pointers to user memory are carried as u64, zero extended.
 *  - The layouts are the same for 32-bit and 64-bit callers.
 *
 * Documentation/userspace-api/iommufd.rst has concepts and examples.
 */
#ifndef _UAPI_IOMMUFD_H
#define _UAPI_IOMMUFD_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define IOMMUFD_TYPE (';')

enum {
	IOMMUFD_CMD_BASE = 0x80,
	IOMMUFD_CMD_DESTROY = IOMMUFD_CMD_BASE,
	IOMMUFD_CMD_IOAS_ALLOC = 0x81,
	IOMMUFD_CMD_IOAS_ALLOW_IOVAS = 0x82,
	IOMMUFD_CMD_IOAS_COPY = 0x83,
	IOMMUFD_CMD_IOAS_IOVA_RANGES = 0x84,
	IOMMUFD_CMD_IOAS_MAP = 0x85,
	IOMMUFD_CMD_IOAS_UNMAP = 0x86,
	IOMMUFD_CMD_OPTION = 0x87,
	IOMMUFD_CMD_HWPT_ALLOC = 0x89,
	IOMMUFD_CMD_GET_HW_INFO = 0x8a,
	/* Extensions */
	IOMMUFD_CMD_DEVICE_GET_INFO = 0xc0,
};

/**
 * struct iommu_destroy - ioctl(IOMMU_DESTROY)
 * @size: sizeof(struct iommu_destroy)
 * @id: ID of the object to destroy; any kind that a command here made
 *
 * Destroys an object. An object that others depend on (an IOAS with page
 * tables or devices, a page table with attached devices) gives EBUSY, and so
 * does a bound device: that is ended by the device's own descriptor. Mappings
 * left in an IOAS are unmapped.
 */
struct iommu_destroy {
	__u32 size;
	__u32 id;
};

#define IOMMU_DESTROY _IO(IOMMUFD_TYPE, IOMMUFD_CMD_DESTROY)

/**
 * struct iommu_ioas_alloc - ioctl(IOMMU_IOAS_ALLOC)
 * @size: sizeof(struct iommu_ioas_alloc)
 * @flags: must be 0
 * @out_ioas_id: ID of the new object
 *
 * Makes an I/O address space (IOAS): an empty map from IOVA to user memory
 * that the kernel keeps in the hardware tables of all attached devices.
 */
struct iommu_ioas_alloc {
	__u32 size;
	__u32 flags;
	__u32 out_ioas_id;
};

#define IOMMU_IOAS_ALLOC _IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_ALLOC)

/**
 * struct iommu_iova_range - a range of IOVAs
 * @start: first IOVA
 * @last: last IOVA, inclusive
 */
struct iommu_iova_range {
	__aligned_u64 start;
	__aligned_u64 last;
};

/**
 * struct iommu_ioas_iova_ranges - ioctl(IOMMU_IOAS_IOVA_RANGES)
 * @size: sizeof(struct iommu_ioas_iova_ranges)
 * @ioas_id: IOAS to ask
 * @num_iovas: in: room in @allowed_iovas, in ranges; out: number of ranges
 * @__reserved: must be 0
 * @allowed_iovas: pointer to an array of struct iommu_iova_range
 * @out_iova_alignment: IOVA, length and user address of a mapping must be
 *                      multiples of this many bytes; a power of two
 *
 * Tells which IOVAs can be mapped now, in ascending order. Attaching a device
 * can narrow the ranges and coarsen the alignment, detaching widens them. If
 * the array is too small, EMSGSIZE is returned, the array is filled as far as
 * it goes, and @num_iovas is set to what is needed.
 */
struct iommu_ioas_iova_ranges {
	__u32 size;
	__u32 ioas_id;
	__u32 num_iovas;
	__u32 __reserved;
	__aligned_u64 allowed_iovas;
	__aligned_u64 out_iova_alignment;
};

#define IOMMU_IOAS_IOVA_RANGES _IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_IOVA_RANGES)

/**
 * struct iommu_ioas_allow_iovas - ioctl(IOMMU_IOAS_ALLOW_IOVAS)
 * @size: sizeof(struct iommu_ioas_allow_iovas)
 * @ioas_id: IOAS to change
 * @num_iovas: number of ranges
 * @__reserved: must be 0
 * @allowed_iovas: pointer to an array of struct iommu_iova_range
 *
 * Guarantees that the given ranges stay usable: a device whose attach would
 * reserve a part of them is refused from now on (EADDRINUSE). A map without
 * IOMMU_IOAS_MAP_FIXED_IOVA chooses its IOVA inside these ranges only. The
 * list replaces the one of an earlier call; no ranges means no guarantee.
 * Ranges that overlap each other or have last below start give EINVAL, ranges
 * that are not usable now EADDRINUSE.
 */
struct iommu_ioas_allow_iovas {
	__u32 size;
	__u32 ioas_id;
	__u32 num_iovas;
	__u32 __reserved;
	__aligned_u64 allowed_iovas;
};

#define IOMMU_IOAS_ALLOW_IOVAS _IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_ALLOW_IOVAS)

/**
 * enum iommufd_ioas_map_flags - flags of map and copy
 * @IOMMU_IOAS_MAP_FIXED_IOVA: map at the given IOVA; otherwise the kernel
 *                             chooses one and returns it. The kernel never
 *                             chooses IOVA 0
 * @IOMMU_IOAS_MAP_WRITEABLE: devices may write
 * @IOMMU_IOAS_MAP_READABLE: devices may read
 */
enum iommufd_ioas_map_flags {
	IOMMU_IOAS_MAP_FIXED_IOVA = 1 << 0,
	IOMMU_IOAS_MAP_WRITEABLE = 1 << 1,
	IOMMU_IOAS_MAP_READABLE = 1 << 2,
};

/**
 * struct iommu_ioas_map - ioctl(IOMMU_IOAS_MAP)
 * @size: sizeof(struct iommu_ioas_map)
 * @flags: of enum iommufd_ioas_map_flags; one of readable and writeable at
 *         least, else EINVAL
 * @ioas_id: IOAS to change
 * @__reserved: must be 0
 * @user_va: start of the memory in the calling process
 * @length: bytes
 * @iova: start in the IOAS; in with IOMMU_IOAS_MAP_FIXED_IOVA, out without
 *
 * Maps memory of the calling process. While a device is attached the pages
 * are pinned and count against RLIMIT_MEMLOCK (ENOMEM beyond it, unless the
 * caller has CAP_IPC_LOCK). An IOVA range that is mapped in part gives EEXIST,
 * one that the attached devices cannot use EINVAL, no room for an automatic
 * IOVA ENOSPC, memory that is not there or cannot be written EFAULT.
 *
 * The mapping keeps the pages that were there when it was pinned, whatever the
 * process does with its address space later.
 */
struct iommu_ioas_map {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 __reserved;
	__aligned_u64 user_va;
	__aligned_u64 length;
	__aligned_u64 iova;
};

#define IOMMU_IOAS_MAP _IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_MAP)

/**
 * struct iommu_ioas_copy - ioctl(IOMMU_IOAS_COPY)
 * @size: sizeof(struct iommu_ioas_copy)
 * @flags: of enum iommufd_ioas_map_flags, for the destination
 * @dst_ioas_id: IOAS to map into
 * @src_ioas_id: IOAS to take mappings from; may be the same
 * @length: bytes
 * @dst_iova: start in the destination; as @iova of struct iommu_ioas_map
 * @src_iova: start in the source
 *
 * Maps the memory behind a source range a second time. Both share the pinned
 * pages, which are pinned and accounted once, and each can be unmapped without
 * the other. The source range must be mapped without gaps (ENOENT); asking for
 * writeable where the source is not gives EPERM. The copy is unmapped in the
 * pieces that the source mappings had.
 */
struct iommu_ioas_copy {
	__u32 size;
	__u32 flags;
	__u32 dst_ioas_id;
	__u32 src_ioas_id;
	__aligned_u64 length;
	__aligned_u64 dst_iova;
	__aligned_u64 src_iova;
};

#define IOMMU_IOAS_COPY _IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_COPY)

/**
 * struct iommu_ioas_unmap - ioctl(IOMMU_IOAS_UNMAP)
 * @size: sizeof(struct iommu_ioas_unmap)
 * @ioas_id: IOAS to change
 * @iova: start
 * @length: in: bytes to unmap; out: bytes that were mapped
 *
 * Unmaps all mappings inside the range. On return no device can reach the
 * memory through them. A range that cuts through a mapping gives ENOENT, as
 * does one without any mapping; gaps are fine. @iova 0 with @length U64_MAX
 * unmaps everything, and succeeds if there is nothing. If @length cannot be
 * written back EFAULT is returned, with the range unmapped.
 */
struct iommu_ioas_unmap {
	__u32 size;
	__u32 ioas_id;
	__aligned_u64 iova;
	__aligned_u64 length;
};

#define IOMMU_IOAS_UNMAP _IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_UNMAP)

/**
 * enum iommufd_option - options
 * @IOMMU_OPTION_RLIMIT_MODE: what RLIMIT_MEMLOCK counts: 0 (default) all that
 *      the user has pinned through /dev/iommu, io_uring and others; 1 what
 *      the process has locked, as VFIO type1 does. Of the whole descriptor:
 *      object_id is 0. Setting needs CAP_SYS_RESOURCE (EPERM) and a descriptor
 *      without objects (EBUSY)
 * @IOMMU_OPTION_HUGE_PAGES: 1 (default) lets contiguous pages be mapped with
 *      larger hardware pages; 0 maps pages of PAGE_SIZE only. Of the IOAS
 *      object_id. EINVAL if it has mappings in hardware tables that would
 *      have to be taken apart, EADDRINUSE if a mapping is not page aligned
 */
enum iommufd_option {
	IOMMU_OPTION_RLIMIT_MODE = 0,
	IOMMU_OPTION_HUGE_PAGES = 1,
};

/**
 * enum iommufd_option_ops - what to do with an option
 * @IOMMU_OPTION_OP_SET: set it to val64
 * @IOMMU_OPTION_OP_GET: return its value in val64
 */
enum iommufd_option_ops {
	IOMMU_OPTION_OP_SET = 0,
	IOMMU_OPTION_OP_GET = 1,
};

/**
 * struct iommu_option - ioctl(IOMMU_OPTION)
 * @size: sizeof(struct iommu_option)
 * @option_id: of enum iommufd_option, else EOPNOTSUPP
 * @op: of enum iommufd_option_ops, else EOPNOTSUPP
 * @__reserved: must be 0
 * @object_id: object that has the option, 0 for the descriptor
 * @val64: value; in or out by @op. A value the option cannot have: EINVAL
 */
struct iommu_option {
	__u32 size;
	__u32 option_id;
	__u16 op;
	__u16 __reserved;
	__u32 object_id;
	__aligned_u64 val64;
};

#define IOMMU_OPTION _IO(IOMMUFD_TYPE, IOMMUFD_CMD_OPTION)

/**
 * enum iommufd_hwpt_alloc_flags - flags of IOMMU_HWPT_ALLOC
 * @IOMMU_HWPT_ALLOC_NEST_PARENT: a parent for user-managed page tables
 * @IOMMU_HWPT_ALLOC_DIRTY_TRACKING: can track the pages that devices write
 * @IOMMU_HWPT_FAULT_ID_VALID: @fault_id is set
 * @IOMMU_HWPT_ALLOC_PASID: can be attached to PASIDs
 *
 * A flag that the device's IOMMU cannot serve gives EOPNOTSUPP.
 */
enum iommufd_hwpt_alloc_flags {
	IOMMU_HWPT_ALLOC_NEST_PARENT = 1 << 0,
	IOMMU_HWPT_ALLOC_DIRTY_TRACKING = 1 << 1,
	IOMMU_HWPT_FAULT_ID_VALID = 1 << 2,
	IOMMU_HWPT_ALLOC_PASID = 1 << 3,
};

/**
 * enum iommu_hwpt_data_type - what @data_uptr of IOMMU_HWPT_ALLOC points to
 * @IOMMU_HWPT_DATA_NONE: nothing
 */
enum iommu_hwpt_data_type {
	IOMMU_HWPT_DATA_NONE = 0,
};

/**
 * struct iommu_hwpt_alloc - ioctl(IOMMU_HWPT_ALLOC)
 * @size: sizeof(struct iommu_hwpt_alloc)
 * @flags: of enum iommufd_hwpt_alloc_flags
 * @dev_id: bound device for whose IOMMU the table is made
 * @pt_id: IOAS that the table follows
 * @out_hwpt_id: ID of the new hardware page table
 * @__reserved: must be 0
 * @data_type: of enum iommu_hwpt_data_type, else EOPNOTSUPP
 * @data_len: bytes at @data_uptr; 0 with IOMMU_HWPT_DATA_NONE, else EINVAL
 * @data_uptr: pointer to driver data
 * @fault_id: fault queue, with IOMMU_HWPT_FAULT_ID_VALID
 * @__reserved2: must be 0
 *
 * Makes a hardware page table (HWPT) that holds all mappings of an IOAS, now
 * and as they change. Devices attached to its ID use exactly this table, while
 * a device attached to the IOAS's ID gets a table that the kernel chooses. Its
 * limits narrow the IOAS as an attached device would. It lives until
 * IOMMU_DESTROY.
 */
struct iommu_hwpt_alloc {
	__u32 size;
	__u32 flags;
	__u32 dev_id;
	__u32 pt_id;
	__u32 out_hwpt_id;
	__u32 __reserved;
	__u32 data_type;
	__u32 data_len;
	__aligned_u64 data_uptr;
	__u32 fault_id;
	__u32 __reserved2;
};

#define IOMMU_HWPT_ALLOC _IO(IOMMUFD_TYPE, IOMMUFD_CMD_HWPT_ALLOC)

/**
 * enum iommu_hw_info_type - what IOMMU_GET_HW_INFO put at @data_uptr
 * @IOMMU_HW_INFO_TYPE_NONE: nothing
 * @IOMMU_HW_INFO_TYPE_DEFAULT: as input: the type that the driver prefers
 */
enum iommu_hw_info_type {
	IOMMU_HW_INFO_TYPE_NONE = 0,
	IOMMU_HW_INFO_TYPE_DEFAULT = 0,
};

/**
 * enum iommufd_hw_capabilities - bits of @out_capabilities
 * @IOMMU_HW_CAP_DIRTY_TRACKING: tables with dirty tracking can be made
 * @IOMMU_HW_CAP_PCI_PASID_EXEC: the device supports execute requests in PASIDs
 * @IOMMU_HW_CAP_PCI_PASID_PRIV: the device supports privileged mode in PASIDs
 * @IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED: the device or its IOMMU cannot do ATS
 */
enum iommufd_hw_capabilities {
	IOMMU_HW_CAP_DIRTY_TRACKING = 1 << 0,
	IOMMU_HW_CAP_PCI_PASID_EXEC = 1 << 1,
	IOMMU_HW_CAP_PCI_PASID_PRIV = 1 << 2,
	IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED = 1 << 3,
};

/**
 * enum iommufd_hw_info_flags - flags of IOMMU_GET_HW_INFO
 * @IOMMU_HW_INFO_FLAG_INPUT_TYPE: @in_data_type asks for a certain type
 */
enum iommufd_hw_info_flags {
	IOMMU_HW_INFO_FLAG_INPUT_TYPE = 1 << 0,
};

/**
 * struct iommu_hw_info - ioctl(IOMMU_GET_HW_INFO)
 * @size: sizeof(struct iommu_hw_info)
 * @flags: of enum iommufd_hw_info_flags
 * @dev_id: bound device to ask
 * @data_len: in: bytes at @data_uptr; out: bytes that the kernel has
 * @data_uptr: pointer for driver data; more room than needed is zeroed, less
 *             room gets the first bytes. NULL with a length gives EINVAL
 * @in_data_type: in, with IOMMU_HW_INFO_FLAG_INPUT_TYPE, else 0: type wanted.
 *                One that the driver does not have gives EOPNOTSUPP
 * @out_data_type: out: of enum iommu_hw_info_type
 * @out_max_pasid_log2: out: PASID width of device and IOMMU in bits, 0: none
 * @__reserved: must be 0
 * @out_capabilities: out: of enum iommufd_hw_capabilities
 */
struct iommu_hw_info {
	__u32 size;
	__u32 flags;
	__u32 dev_id;
	__u32 data_len;
	__aligned_u64 data_uptr;
	union {
		__u32 in_data_type;
		__u32 out_data_type;
	};
	__u8 out_max_pasid_log2;
	__u8 __reserved[3];
	__aligned_u64 out_capabilities;
};

#define IOMMU_GET_HW_INFO _IO(IOMMUFD_TYPE, IOMMUFD_CMD_GET_HW_INFO)

/*
 * Extensions: devices named by their cookie
 */

/**
 * enum iommu_format - what user space manages below an IOASID
 * @IOMMU_FORMAT_MAP_UNMAP: nothing: the kernel does, by map and unmap
 */
enum iommu_format {
	IOMMU_FORMAT_MAP_UNMAP = 0,
};

/**
 * struct iommu_format_info - a format that a device supports
 * @format: of enum iommu_format
 * @__reserved: 0
 */
struct iommu_format_info {
	__u32 format;
	__u32 __reserved;
};

/**
 * enum iommu_device_caps - bits of @out_caps
 * @IOMMU_DEVICE_CAP_COHERENT: DMA is coherent with the CPU caches
 * @IOMMU_DEVICE_CAP_ENFORCE_SNOOP: kernel-managed tables for the device make
 *      DMA coherent even if the device asks for no snoop
 * @IOMMU_DEVICE_CAP_ISOLATED_MSI: the device can raise only the interrupts
 *      that were given to it
 * @IOMMU_DEVICE_CAP_SW_MSI: interrupts are DMA writes to an IOVA window that
 *      the kernel takes out of the permitted ranges
 */
enum iommu_device_caps {
	IOMMU_DEVICE_CAP_COHERENT = 1 << 0,
	IOMMU_DEVICE_CAP_ENFORCE_SNOOP = 1 << 1,
	IOMMU_DEVICE_CAP_ISOLATED_MSI = 1 << 2,
	IOMMU_DEVICE_CAP_SW_MSI = 1 << 3,
};

/**
 * struct iommu_device_get_info - ioctl(IOMMU_DEVICE_GET_INFO)
 * @size: sizeof(struct iommu_device_get_info)
 * @flags: must be 0
 * @dev_cookie: cookie that the device was bound with, else ENOENT
 * @out_dev_id: ID of the device, for the commands that take one
 * @out_caps: of enum iommu_device_caps
 * @out_pgsizes: bitmap of page sizes of map and unmap: bit n is 2^n bytes. The
 *               lowest is the alignment of IOVAs, all others are optimisations
 * @out_addr_width: IOVA width in bits: the highest permitted IOVA fits in it
 * @format_len: in: sizeof(struct iommu_format_info) as the caller knows it; an
 *              entry shorter than 8 bytes gives EINVAL
 * @num_formats: in: room at @formats, in entries; out: number of formats
 * @num_ranges: in: room at @ranges, in entries; out: number of ranges
 * @formats: pointer to an array of struct iommu_format_info
 * @ranges: pointer to an array of struct iommu_iova_range: the IOVAs that an
 *          address space of this device alone could map, ascending
 *
 * Tells what can be done with a bound device, before it is attached and before
 * any address space exists. If an array is too small it is filled as far as it
 * goes, the numbers are set to what is needed, and EMSGSIZE is returned; all
 * other members are valid then.
 */
struct iommu_device_get_info {
	__u32 size;
	__u32 flags;
	__aligned_u64 dev_cookie;
	__u32 out_dev_id;
	__u32 out_caps;
	__aligned_u64 out_pgsizes;
	__u32 out_addr_width;
	__u32 format_len;
	__u32 num_formats;
	__u32 num_ranges;
	__aligned_u64 formats;
	__aligned_u64 ranges;
};

#define IOMMU_DEVICE_GET_INFO _IO(IOMMUFD_TYPE, IOMMUFD_CMD_DEVICE_GET_INFO)

#endif
