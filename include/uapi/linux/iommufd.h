/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/iommu: I/O address spaces for user space.
 *
 * An open /dev/iommu (an IOMMU fd) holds I/O address spaces, each named by an
 * IOASID, and the devices that were bound to it. Commands are ioctls on that
 * descriptor. Numbers, layouts and meaning of the commands 0x80 to 0xbf are
 * those of mainline Linux; commands from 0xc0 up and flag bits from 31 down
 * are extensions of this implementation. What mainline has and this kernel does
 * not serve yet is defined, too, and its description says how it is refused.
 *
 * Rules for every command:
 *  - The argument points to a struct whose first member is its size in bytes,
 *    set by the caller. A size below the first published one gives EINVAL.
 *    Bytes beyond what the kernel knows must be zero, or E2BIG is returned.
 *  - A command the kernel does not know gives ENOTTY, an unknown flag or a
 *    non-zero reserved member EOPNOTSUPP, an impossible value EINVAL, an ID
 *    that names no object of the right kind ENOENT, an unreadable pointer
 *    EFAULT.
 *  - A command that fails changes nothing, unless its description says so
 *    (unmap, reading dirty pages, invalidation).
 *  - Ranges are inclusive where a member is called "last"; a "length" is in
 *    bytes. IOVAs and lengths are 64 bit on every architecture. A range of
 *    IOVAs or of memory that reaches beyond the last address gives EOVERFLOW,
 *    and on a 32-bit kernel so does one that does not fit.
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
	IOMMUFD_CMD_VFIO_IOAS = 0x88,
	IOMMUFD_CMD_HWPT_ALLOC = 0x89,
	IOMMUFD_CMD_GET_HW_INFO = 0x8a,
	IOMMUFD_CMD_HWPT_SET_DIRTY_TRACKING = 0x8b,
	IOMMUFD_CMD_HWPT_GET_DIRTY_BITMAP = 0x8c,
	IOMMUFD_CMD_HWPT_INVALIDATE = 0x8d,
	IOMMUFD_CMD_FAULT_QUEUE_ALLOC = 0x8e,
	IOMMUFD_CMD_IOAS_MAP_FILE = 0x8f,
	IOMMUFD_CMD_VIOMMU_ALLOC = 0x90,
	IOMMUFD_CMD_VDEVICE_ALLOC = 0x91,
	IOMMUFD_CMD_IOAS_CHANGE_PROCESS = 0x92,
	IOMMUFD_CMD_VEVENTQ_ALLOC = 0x93,
	IOMMUFD_CMD_HW_QUEUE_ALLOC = 0x94,
	IOMMUFD_CMD_IOAS_NOIOMMU_GET_PA = 0x95,
	/* Extensions */
	IOMMUFD_CMD_DEVICE_GET_INFO = 0xc0,
	IOMMUFD_CMD_IOASID_ALLOC = 0xc1,
	IOMMUFD_CMD_IOASID_INVALIDATE = 0xc2,
	IOMMUFD_CMD_MEMORY_REGISTER = 0xc5,
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
 * IOVA ENOSPC, memory that is not there or cannot be written EFAULT. EINVAL also
 * for a length of 0, and if @user_va, a fixed @iova or @length is not a multiple
 * of out_iova_alignment (IOMMU_IOAS_IOVA_RANGES).
 *
 * The mapping keeps the pages that were there when it was pinned, whatever the
 * process does with its address space later.
 *
 * The range can also be inside one mapping of a BAR of a PCI device that the
 * process has open through VFIO. Nothing is pinned then, and the mapping works
 * as long as the BAR does: it goes when the device is reset, sleeps, is closed
 * or has memory decoding disabled, and comes back when the BAR does. EFAULT if
 * the BAR does not work now, and for other memory that is not made of pages.
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
 * struct iommu_ioas_map_file - ioctl(IOMMU_IOAS_MAP_FILE)
 * @size: sizeof(struct iommu_ioas_map_file)
 * @flags: as for IOMMU_IOAS_MAP
 * @ioas_id: IOAS to change
 * @fd: memory file: a memfd, or another file of shmem or hugetlbfs; or a
 *      DMA-BUF of a BAR; else EINVAL
 * @start: offset in the file, in bytes
 * @length: bytes; the range must be inside the file, of which the last page
 *          counts as a whole, else EINVAL
 * @iova: start in the IOAS; in with IOMMU_IOAS_MAP_FIXED_IOVA, out without
 *
 * Maps memory of a file, which no process needs to have mapped. The file must
 * be open for reading, and for writing if the mapping is writeable, and not be
 * sealed against writing then, else EPERM, also from what pins its pages later.
 * The mapping keeps the file; what of it is not in memory is allocated when it
 * is pinned (ENOMEM if there is no room). While it is pinned, the file cannot be
 * sealed against writing, and pages that it loses, by truncation for example,
 * stay mapped. Otherwise as IOMMU_IOAS_MAP; EBADF if @fd is not open.
 *
 * @fd can also be a DMA-BUF of a BAR (VFIO_DEVICE_FEATURE_DMA_BUF), with the
 * mode that the mapping needs, else EPERM; EOPNOTSUPP if it is another kind of
 * DMA-BUF. The mapping goes and comes with the BAR as that of IOMMU_IOAS_MAP
 * does; ENODEV if the BAR does not work now.
 */
struct iommu_ioas_map_file {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__s32 fd;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 iova;
};

#define IOMMU_IOAS_MAP_FILE _IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_MAP_FILE)

/**
 * struct iommu_ioas_change_process - ioctl(IOMMU_IOAS_CHANGE_PROCESS)
 * @size: sizeof(struct iommu_ioas_change_process)
 * @__reserved: must be 0
 *
 * From now on the calling process pays for all memory that is pinned in this
 * IOMMU fd, and will be by its present mappings, instead of who mapped it. A
 * process that takes over a running device from another one uses it. No user
 * memory may be mapped (IOMMU_IOAS_MAP) or registered (IOMMU_MEMORY_REGISTER),
 * else EINVAL; files and BARs may. ENOMEM if that is more than the RLIMIT_MEMLOCK
 * of the caller allows; what is charged to the user of the caller already is not
 * counted twice. On an error nothing has changed.
 */
struct iommu_ioas_change_process {
	__u32 size;
	__u32 __reserved;
};

#define IOMMU_IOAS_CHANGE_PROCESS                                            \
	_IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_CHANGE_PROCESS)

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
 * writeable where the source is not gives EPERM. EINVAL for a length of 0, and if
 * a fixed @dst_iova, @length or the address of the memory is not a multiple of
 * out_iova_alignment of the destination (IOMMU_IOAS_IOVA_RANGES). A software-nested
 * child gives EINVAL for a relative that is not its parent, a sibling or itself.
 * The copy is unmapped in the pieces that the source mappings had.
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
 * memory through them, but for a device without an IOMMU: that must have ended
 * its DMA before. A range that cuts through a mapping gives ENOENT, as
 * does one without any mapping; gaps are fine. A length of 0 gives EINVAL.
 * @iova 0 with @length U64_MAX unmaps everything, and succeeds if there is
 * nothing. If @length cannot be written back EFAULT is returned, with the range
 * unmapped.
 */
struct iommu_ioas_unmap {
	__u32 size;
	__u32 ioas_id;
	__aligned_u64 iova;
	__aligned_u64 length;
};

#define IOMMU_IOAS_UNMAP _IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_UNMAP)

/**
 * struct iommu_ioas_noiommu_get_pa - ioctl(IOMMU_IOAS_NOIOMMU_GET_PA)
 * @size: sizeof(struct iommu_ioas_noiommu_get_pa)
 * @flags: must be 0
 * @ioas_id: IOAS to ask
 * @__reserved: must be 0
 * @iova: any IOVA in a mapping, in bytes; need not be aligned
 * @length: out: bytes from @iova on, at least 1, that are contiguous in physical
 *          memory, and belong to the same mapping. What it is before the call
 *          does not matter
 * @out_phys: out: physical address of @iova, in bytes
 *
 * Tells where the memory of an IOVA is: a device without an IOMMU
 * (IOMMU_DEVICE_CAP_NO_IOMMU) does DMA to physical addresses. The answer holds
 * until the mapping is unmapped or the last such device is detached from the
 * IOAS: the pages are pinned until then. After that the memory belongs to
 * somebody else, and nothing keeps the device away from it: its DMA must have
 * ended before.
 *
 * EPERM without CAP_SYS_RAWIO. ENODEV if no device without an IOMMU is attached
 * to the IOAS. ENOENT if @iova is not mapped. EOPNOTSUPP if a BAR is mapped there:
 * that could go without the device being stopped. ENOTTY from a kernel that does
 * not support such devices (CONFIG_VFIO_NOIOMMU).
 */
struct iommu_ioas_noiommu_get_pa {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 __reserved;
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 out_phys;
};

#define IOMMU_IOAS_NOIOMMU_GET_PA                                            \
	_IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_NOIOMMU_GET_PA)

/**
 * enum iommufd_option - options
 * @IOMMU_OPTION_RLIMIT_MODE: what RLIMIT_MEMLOCK counts: 0 (default) all that
 *      the user has pinned through /dev/iommu, io_uring and others; 1 what
 *      the process has locked, as VFIO type1 does. Of the whole descriptor:
 *      object_id is 0, else EOPNOTSUPP. Setting needs CAP_SYS_RESOURCE
 *      (EPERM) and a descriptor without objects (EBUSY)
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
 * enum iommufd_vfio_ioas_op - what IOMMU_VFIO_IOAS does
 * @IOMMU_VFIO_IOAS_GET: tell which IOAS is the compatibility IOAS
 * @IOMMU_VFIO_IOAS_SET: make an IOAS the compatibility IOAS
 * @IOMMU_VFIO_IOAS_CLEAR: have none
 */
enum iommufd_vfio_ioas_op {
	IOMMU_VFIO_IOAS_GET = 0,
	IOMMU_VFIO_IOAS_SET = 1,
	IOMMU_VFIO_IOAS_CLEAR = 2,
};

/**
 * struct iommu_vfio_ioas - ioctl(IOMMU_VFIO_IOAS)
 * @size: sizeof(struct iommu_vfio_ioas)
 * @ioas_id: set: ID of an IOAS; get: returns its ID; clear: ignored
 * @op: of enum iommufd_vfio_ioas_op, else EOPNOTSUPP
 * @__reserved: must be 0
 *
 * An IOMMU fd can take the place of a VFIO container. VFIO's ioctls have no
 * room for an ID: they work on one IOAS of the IOMMU fd, its compatibility IOAS.
 * If none was set, VFIO_GROUP_SET_CONTAINER makes one.
 *
 * A group uses the compatibility IOAS as it was at its VFIO_GROUP_SET_CONTAINER,
 * whatever is set or cleared later. VFIO_IOMMU_MAP_DMA and its like use the one
 * that is set now; they work without any group, too, if user space has set it.
 * Neither set nor clear destroys an IOAS. One that is destroyed is cleared.
 *
 * Errors: ENODEV (get) if there is none; ENOENT (set) if the ID is not that of
 * an IOAS.
 */
struct iommu_vfio_ioas {
	__u32 size;
	__u32 ioas_id;
	__u16 op;
	__u16 __reserved;
};

#define IOMMU_VFIO_IOAS _IO(IOMMUFD_TYPE, IOMMUFD_CMD_VFIO_IOAS)

/**
 * enum iommufd_hwpt_alloc_flags - flags of IOMMU_HWPT_ALLOC
 * @IOMMU_HWPT_ALLOC_NEST_PARENT: a parent for nested HWPTs
 * @IOMMU_HWPT_ALLOC_DIRTY_TRACKING: can track the pages that devices write, see
 *      IOMMU_HWPT_SET_DIRTY_TRACKING. A device whose IOMMU cannot is refused
 *      at attach (EINVAL)
 * @IOMMU_HWPT_FAULT_ID_VALID: @fault_id is set. Not for a parent of nested HWPTs
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
 * @IOMMU_HWPT_DATA_VTD_S1: struct iommu_hwpt_vtd_s1. Not served yet: EOPNOTSUPP
 * @IOMMU_HWPT_DATA_ARM_SMMUV3: struct iommu_hwpt_arm_smmuv3
 * @IOMMU_HWPT_DATA_AMD_GUEST: struct iommu_hwpt_amd_guest. Not served yet:
 *      EOPNOTSUPP
 */
enum iommu_hwpt_data_type {
	IOMMU_HWPT_DATA_NONE = 0,
	IOMMU_HWPT_DATA_VTD_S1 = 1,
	IOMMU_HWPT_DATA_ARM_SMMUV3 = 2,
	IOMMU_HWPT_DATA_AMD_GUEST = 3,
};

/**
 * enum iommu_hwpt_vtd_s1_flags - flags of struct iommu_hwpt_vtd_s1
 * @IOMMU_VTD_S1_SRE: requests with supervisor privilege are let through
 * @IOMMU_VTD_S1_EAFE: the hardware sets the extended accessed flag of the entries
 *      that it uses
 * @IOMMU_VTD_S1_WPE: a write with supervisor privilege, too, needs an entry that
 *      allows writing
 *
 * They are the fields SRE, EAFE and WPE of an entry of the PASID table.
 */
enum iommu_hwpt_vtd_s1_flags {
	IOMMU_VTD_S1_SRE = 1 << 0,
	IOMMU_VTD_S1_EAFE = 1 << 1,
	IOMMU_VTD_S1_WPE = 1 << 2,
};

/**
 * struct iommu_hwpt_vtd_s1 - a first-stage page table of Intel VT-d
 * @flags: of enum iommu_hwpt_vtd_s1_flags
 * @pgtbl_addr: root of the page table (FSPTPTR), an IOVA of the parent
 * @addr_width: of the addresses that it translates, in bits: 48 with four levels,
 *              57 with five (FSPM)
 * @__reserved: must be 0
 *
 * The part of a scalable-mode PASID table entry that concerns the first stage,
 * which is nested in the second one. This kernel does not serve it yet:
 * IOMMU_HWPT_ALLOC gives EOPNOTSUPP.
 */
struct iommu_hwpt_vtd_s1 {
	__aligned_u64 flags;
	__aligned_u64 pgtbl_addr;
	__u32 addr_width;
	__u32 __reserved;
};

/**
 * struct iommu_hwpt_arm_smmuv3 - stage 1 of an Arm SMMUv3
 * @ste: the first two doublewords of a stream table entry (STE), little endian.
 *       Fields that can be set are V, Config, S1Fmt, S1ContextPtr, S1CDMax in the
 *       first, and S1DSS, S1CIR, S1COR, S1CSH, S1STALLD, EATS in the second one;
 *       all others must be 0
 *
 * Config is abort, bypass or stage 1; bypass is what the parent maps, and so is
 * what stage 1 puts out. S1ContextPtr is an IOVA of the parent: there is the table
 * of context descriptors, thus of the page tables of all PASIDs. Without V all
 * transactions are aborted. EATS is 0 or 1. Transactions are never stalled, also
 * without S1STALLD.
 *
 * A field that cannot be set, or has a value that the SMMU does not have, gives
 * EIO.
 */
struct iommu_hwpt_arm_smmuv3 {
	__aligned_le64 ste[2];
};

/**
 * struct iommu_hwpt_amd_guest - guest translation of an AMD IOMMU
 * @dte: a device table entry (DTE) as the guest has it, of which the fields of
 *       guest translation count: GV, GIOV, GLX, the guest CR3 table root pointer
 *       and the guest paging mode
 *
 * The guest CR3 table has the page tables of all PASIDs. This kernel does not serve
 * it yet: IOMMU_HWPT_ALLOC gives EOPNOTSUPP.
 */
struct iommu_hwpt_amd_guest {
	__aligned_u64 dte[4];
};

/**
 * struct iommu_hwpt_alloc - ioctl(IOMMU_HWPT_ALLOC)
 * @size: sizeof(struct iommu_hwpt_alloc)
 * @flags: of enum iommufd_hwpt_alloc_flags; those that a nested HWPT cannot have
 *         give EOPNOTSUPP
 * @dev_id: bound device for whose IOMMU the table is made
 * @pt_id: IOAS that the table follows; or, for a nested HWPT, the parent: a HWPT
 *         that was made with IOMMU_HWPT_ALLOC_NEST_PARENT, or a vIOMMU on one;
 *         else EINVAL
 * @out_hwpt_id: ID of the new hardware page table
 * @__reserved: must be 0
 * @data_type: of enum iommu_hwpt_data_type, or one that only the driver of the
 *             device's IOMMU knows, else EOPNOTSUPP
 * @data_len: bytes at @data_uptr; 0 with IOMMU_HWPT_DATA_NONE, else EINVAL
 * @data_uptr: pointer to driver data
 * @fault_id: with IOMMU_HWPT_FAULT_ID_VALID: fault queue for the devices that are
 *            attached to the HWPT, nested or not
 * @__reserved2: must be 0
 *
 * Makes a hardware page table (HWPT) that holds all mappings of an IOAS, now
 * and as they change. Devices attached to its ID use exactly this table, while
 * a device attached to the IOAS's ID gets a table that the kernel chooses. Its
 * limits narrow the IOAS as an attached device would. It lives until
 * IOMMU_DESTROY.
 *
 * On a parent it makes a nested HWPT: the table is the user's, in memory of the
 * user, in the format @data_type, which is not IOMMU_HWPT_DATA_NONE (EOPNOTSUPP).
 * Where it is, and what else the hardware has to know, is in the driver data.
 * What it puts out are IOVAs of the parent. The kernel does not look at it: what
 * the IOMMU has cached of it stays until IOMMU_HWPT_INVALIDATE. The parent cannot
 * be destroyed before the nested HWPT.
 *
 * Some formats exist on a vIOMMU only, and not on the parent itself.
 *
 * EOPNOTSUPP if the device cannot have the format; EPERM if it could, but DMA
 * through the user's table could bypass the caches of the CPU; EINVAL if
 * @data_len is not a length of the format, or the parent is of another IOMMU; and
 * what the format says of its data.
 *
 * A device that is attached to a HWPT it cannot use, nested or not, is refused
 * (EINVAL), and stays where it was.
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
 * enum iommu_hwpt_invalidate_data_type - layout of an entry of an invalidation
 * @IOMMU_HWPT_INVALIDATE_DATA_VTD_S1: struct iommu_hwpt_vtd_s1_invalidate. Not served
 *      yet: no object has it, see struct iommu_hwpt_invalidate
 * @IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3: struct
 *      iommu_viommu_arm_smmuv3_invalidate
 */
enum iommu_hwpt_invalidate_data_type {
	IOMMU_HWPT_INVALIDATE_DATA_VTD_S1 = 0,
	IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3 = 1,
};

/**
 * enum iommu_hwpt_vtd_s1_invalidate_flags - flags of struct
 *                                           iommu_hwpt_vtd_s1_invalidate
 * @IOMMU_VTD_INV_FLAGS_LEAF: only entries that map pages were changed, none that
 *      points to another table: the invalidation hint (IH) of VT-d
 */
enum iommu_hwpt_vtd_s1_invalidate_flags {
	IOMMU_VTD_INV_FLAGS_LEAF = 1 << 0,
};

/**
 * struct iommu_hwpt_vtd_s1_invalidate - addresses of a first stage of Intel VT-d
 * @addr: first address to drop, in bytes; a multiple of 4096
 * @npages: number of pages of 4096 bytes
 * @flags: of enum iommu_hwpt_vtd_s1_invalidate_flags
 * @__reserved: must be 0
 *
 * What the PASID-based IOTLB invalidation of VT-d does. This kernel does not serve
 * it yet: IOMMU_HWPT_ALLOC makes no HWPT that has it (EOPNOTSUPP), and any other
 * object refuses it as struct iommu_hwpt_invalidate says.
 */
struct iommu_hwpt_vtd_s1_invalidate {
	__aligned_u64 addr;
	__aligned_u64 npages;
	__u32 flags;
	__u32 __reserved;
};

/**
 * struct iommu_viommu_arm_smmuv3_invalidate - a command of a guest
 * @cmd: as the guest has put it into its command queue, little endian
 *
 * Commands are CMD_CFGI_CD, CMD_CFGI_CD_ALL, CMD_TLBI_NH_ALL, CMD_TLBI_NH_ASID,
 * CMD_TLBI_NH_VA, CMD_TLBI_NH_VAA, CMD_TLBI_NSNH_ALL, and CMD_ATC_INV if the SMMU
 * has ATS. Their VMID does not matter, and their StreamID is the virtual ID of
 * a device. Other commands, fields that are reserved, values that the SMMU does not
 * have and a StreamID that no device has give EIO.
 */
struct iommu_viommu_arm_smmuv3_invalidate {
	__aligned_le64 cmd[2];
};

/**
 * enum iommu_hw_info_type - what IOMMU_GET_HW_INFO put at @data_uptr
 * @IOMMU_HW_INFO_TYPE_NONE: nothing
 * @IOMMU_HW_INFO_TYPE_DEFAULT: as input: the type that the driver prefers
 * @IOMMU_HW_INFO_TYPE_INTEL_VTD: struct iommu_hw_info_vtd. Not served yet
 * @IOMMU_HW_INFO_TYPE_ARM_SMMUV3: struct iommu_hw_info_arm_smmuv3
 * @IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV: struct iommu_hw_info_tegra241_cmdqv. Not
 *      served yet
 * @IOMMU_HW_INFO_TYPE_AMD: struct iommu_hw_info_amd. Not served yet
 *
 * To ask for a type that is not served gives EOPNOTSUPP. Of an IOMMU that has no
 * other type the answer is IOMMU_HW_INFO_TYPE_NONE.
 */
enum iommu_hw_info_type {
	IOMMU_HW_INFO_TYPE_NONE = 0,
	IOMMU_HW_INFO_TYPE_DEFAULT = 0,
	IOMMU_HW_INFO_TYPE_INTEL_VTD = 1,
	IOMMU_HW_INFO_TYPE_ARM_SMMUV3 = 2,
	IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV = 3,
	IOMMU_HW_INFO_TYPE_AMD = 4,
};

/**
 * enum iommu_hw_info_vtd_flags - flags of struct iommu_hw_info_vtd
 * @IOMMU_HW_INFO_VTD_ERRATA_772415_SPR17: erratum SPR17 of Intel's document 772415
 *      (Sapphire Rapids): with nesting, the hardware can set accessed and dirty
 *      bits in a first-stage table that the second stage maps read-only
 */
enum iommu_hw_info_vtd_flags {
	IOMMU_HW_INFO_VTD_ERRATA_772415_SPR17 = 1 << 0,
};

/**
 * struct iommu_hw_info_vtd - what an IOMMU of Intel VT-d is
 * @flags: of enum iommu_hw_info_vtd_flags
 * @__reserved: 0
 * @cap_reg: capability register (CAP_REG)
 * @ecap_reg: extended capability register (ECAP_REG)
 *
 * This kernel does not serve it yet: to ask for IOMMU_HW_INFO_TYPE_INTEL_VTD gives
 * EOPNOTSUPP.
 */
struct iommu_hw_info_vtd {
	__u32 flags;
	__u32 __reserved;
	__aligned_u64 cap_reg;
	__aligned_u64 ecap_reg;
};

/**
 * enum iommu_hw_info_arm_smmuv3_flags - flags of struct iommu_hw_info_arm_smmuv3
 * @IOMMU_HW_INFO_ARM_SMMUV3_ERRATA_REPEAT_TLBI_CFGI: invalidations have to be
 *      done twice; no driver says so
 */
enum iommu_hw_info_arm_smmuv3_flags {
	IOMMU_HW_INFO_ARM_SMMUV3_ERRATA_REPEAT_TLBI_CFGI = 1 << 0,
};

/**
 * struct iommu_hw_info_arm_smmuv3 - what an Arm SMMUv3 is
 * @flags: of enum iommu_hw_info_arm_smmuv3_flags
 * @__reserved: 0
 * @idr: registers IDR0 to IDR5
 * @iidr: register IIDR
 * @aidr: register AIDR
 *
 * As the hardware has them. A guest cannot use all of that: nesting needs stages
 * 1 and 2 (IDR0), and what IOMMU_DEVICE_GET_INFO says of the format has the last
 * word on whether it is possible.
 */
struct iommu_hw_info_arm_smmuv3 {
	__u32 flags;
	__u32 __reserved;
	__u32 idr[6];
	__u32 iidr;
	__u32 aidr;
};

/**
 * struct iommu_hw_info_tegra241_cmdqv - what the CMDQV of a Tegra241 is
 * @flags: 0
 * @version: version of the CMDQV
 * @log2vcmdqs: number of command queues (VCMDQ) that a guest can have, as log2
 * @log2vsids: number of virtual StreamIDs that a guest can have, as log2
 * @__reserved: 0
 *
 * CMDQV is an addition to an SMMUv3: it has virtual interfaces (VINTF), each with
 * command queues that a guest fills by itself, and with a table of the StreamIDs
 * that the guest's stand for. This kernel does not serve it yet: to ask for
 * IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV gives EOPNOTSUPP.
 */
struct iommu_hw_info_tegra241_cmdqv {
	__u32 flags;
	__u8 version;
	__u8 log2vcmdqs;
	__u8 log2vsids;
	__u8 __reserved;
};

/**
 * struct iommu_hw_info_amd - what an AMD IOMMU is
 * @efr: extended feature register
 * @efr2: extended feature 2 register
 *
 * This kernel does not serve it yet: to ask for IOMMU_HW_INFO_TYPE_AMD gives
 * EOPNOTSUPP.
 */
struct iommu_hw_info_amd {
	__aligned_u64 efr;
	__aligned_u64 efr2;
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
 *             room gets the first bytes
 * @in_data_type: in, with IOMMU_HW_INFO_FLAG_INPUT_TYPE, else not looked at: type
 *                wanted. One that the driver does not have gives EOPNOTSUPP
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

/**
 * enum iommufd_hwpt_set_dirty_tracking_flags - flags of
 *                                              IOMMU_HWPT_SET_DIRTY_TRACKING
 * @IOMMU_HWPT_DIRTY_TRACKING_ENABLE: switch on; without it switch off
 */
enum iommufd_hwpt_set_dirty_tracking_flags {
	IOMMU_HWPT_DIRTY_TRACKING_ENABLE = 1 << 0,
};

/**
 * struct iommu_hwpt_set_dirty_tracking - ioctl(IOMMU_HWPT_SET_DIRTY_TRACKING)
 * @size: sizeof(struct iommu_hwpt_set_dirty_tracking)
 * @flags: of enum iommufd_hwpt_set_dirty_tracking_flags
 * @hwpt_id: HWPT that was made with IOMMU_HWPT_ALLOC_DIRTY_TRACKING, else
 *           EOPNOTSUPP
 * @__reserved: must be 0
 *
 * Switches on or off that the IOMMU remembers what devices write through a
 * HWPT: those that are attached, and those that will be. Off is how a HWPT
 * begins. Switched on, nothing is dirty at first: what was remembered before is
 * forgotten. Switching to the state that the HWPT is in changes nothing.
 */
struct iommu_hwpt_set_dirty_tracking {
	__u32 size;
	__u32 flags;
	__u32 hwpt_id;
	__u32 __reserved;
};

#define IOMMU_HWPT_SET_DIRTY_TRACKING \
	_IO(IOMMUFD_TYPE, IOMMUFD_CMD_HWPT_SET_DIRTY_TRACKING)

/**
 * enum iommufd_hwpt_get_dirty_bitmap_flags - flags of
 *                                            IOMMU_HWPT_GET_DIRTY_BITMAP
 * @IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR: what is dirty stays so, and the IOTLB
 *      is not flushed. For memory that is unmapped next
 */
enum iommufd_hwpt_get_dirty_bitmap_flags {
	IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR = 1 << 0,
};

/**
 * struct iommu_hwpt_get_dirty_bitmap - ioctl(IOMMU_HWPT_GET_DIRTY_BITMAP)
 * @size: sizeof(struct iommu_hwpt_get_dirty_bitmap)
 * @hwpt_id: HWPT that was made with IOMMU_HWPT_ALLOC_DIRTY_TRACKING, else
 *           EOPNOTSUPP, and tracks, else EINVAL
 * @flags: of enum iommufd_hwpt_get_dirty_bitmap_flags
 * @__reserved: must be 0
 * @iova: first IOVA of interest, in bytes; multiple of @page_size
 * @length: bytes of interest; multiple of @page_size, not 0, else EINVAL. A
 *          range beyond the last IOVA gives EOVERFLOW
 * @page_size: bytes that a bit stands for: a power of two, not smaller than the
 *             smallest page of the HWPT, else EINVAL
 * @data: pointer to the bitmap, of @length / @page_size bits, rounded up to
 *        bytes; need not be aligned. EFAULT if it cannot be written
 *
 * Finds what devices have written through a HWPT, and clears the memory of it:
 * the next call finds what was written after this one. Bit n of the bitmap, the
 * bit n % 8 of its byte n / 8, stands for the page at @iova + n * @page_size.
 * The bits of pages that were written are set, all others are left as they are:
 * the caller clears the bitmap before.
 *
 * The range may have gaps and several mappings. The IOMMU remembers by the page
 * of its own that maps the memory: if that is larger than @page_size, all its
 * bits are set. It is cleared if all of it is in the range; if a part of it is
 * outside it stays dirty.
 *
 * A mapping that is unmapped takes what is remembered with it, and new mappings
 * are clean. To miss nothing, read with IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR
 * before IOMMU_IOAS_UNMAP, when the device does no DMA there any more.
 *
 * After EFAULT and EINTR a part of the range may be cleared: take all of it for
 * written.
 */
struct iommu_hwpt_get_dirty_bitmap {
	__u32 size;
	__u32 hwpt_id;
	__u32 flags;
	__u32 __reserved;
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 page_size;
	__aligned_u64 data;
};

#define IOMMU_HWPT_GET_DIRTY_BITMAP \
	_IO(IOMMUFD_TYPE, IOMMUFD_CMD_HWPT_GET_DIRTY_BITMAP)

/**
 * struct iommu_hwpt_invalidate - ioctl(IOMMU_HWPT_INVALIDATE)
 * @size: sizeof(struct iommu_hwpt_invalidate)
 * @hwpt_id: nested HWPT, or vIOMMU, else EINVAL
 * @data_uptr: pointer to an array of entries
 * @data_type: layout of an entry; one that the object does not have gives EINVAL,
 *             also without entries
 * @entry_len: bytes of an entry; one that the layout does not have gives EINVAL
 * @entry_num: in: number of entries, 524288 at most, else EINVAL; out: number of
 *             entries that were done, also with an error
 * @__reserved: must be 0
 *
 * Drops what the IOMMU has cached of a user-managed table. When it returns, the
 * entries that were done have taken effect: what the user changed in the table
 * before is what the devices see. They are done in order; the first one that
 * cannot be done ends the command with an error, which the format says, and none
 * behind it is done. If not all entries can be read (EFAULT), those of a vIOMMU are
 * not begun, those of a HWPT are done as far as they can be. EOPNOTSUPP if the
 * format of the HWPT has no invalidation of its own, but that of the vIOMMU. What is
 * cached for one device, and for none of its tables, is dropped by way of the
 * vIOMMU. EINTR if the process is being killed.
 */
struct iommu_hwpt_invalidate {
	__u32 size;
	__u32 hwpt_id;
	__aligned_u64 data_uptr;
	__u32 data_type;
	__u32 entry_len;
	__u32 entry_num;
	__u32 __reserved;
};

#define IOMMU_HWPT_INVALIDATE _IO(IOMMUFD_TYPE, IOMMUFD_CMD_HWPT_INVALIDATE)

/**
 * enum iommu_hwpt_pgfault_flags - flags of struct iommu_hwpt_pgfault
 * @IOMMU_PGFAULT_FLAGS_PASID_VALID: @pasid is valid
 * @IOMMU_PGFAULT_FLAGS_LAST_PAGE: the last request of its group
 */
enum iommu_hwpt_pgfault_flags {
	IOMMU_PGFAULT_FLAGS_PASID_VALID = 1 << 0,
	IOMMU_PGFAULT_FLAGS_LAST_PAGE = 1 << 1,
};

/**
 * enum iommu_hwpt_pgfault_perm - what the device wanted to do
 * @IOMMU_PGFAULT_PERM_READ: read
 * @IOMMU_PGFAULT_PERM_WRITE: write
 * @IOMMU_PGFAULT_PERM_EXEC: execute
 * @IOMMU_PGFAULT_PERM_PRIV: in privileged mode
 */
enum iommu_hwpt_pgfault_perm {
	IOMMU_PGFAULT_PERM_READ = 1 << 0,
	IOMMU_PGFAULT_PERM_WRITE = 1 << 1,
	IOMMU_PGFAULT_PERM_EXEC = 1 << 2,
	IOMMU_PGFAULT_PERM_PRIV = 1 << 3,
};

/**
 * struct iommu_hwpt_pgfault - a page request, as a fault queue gives it
 * @flags: of enum iommu_hwpt_pgfault_flags
 * @dev_id: ID of the bound device
 * @pasid: PASID of the request
 * @grpid: group of requests, by the device's numbers
 * @perm: of enum iommu_hwpt_pgfault_perm
 * @__reserved: 0
 * @addr: address that the device used
 * @length: hint how many bytes the device is going to use; 0: no hint
 * @cookie: of the group, to answer it
 */
struct iommu_hwpt_pgfault {
	__u32 flags;
	__u32 dev_id;
	__u32 pasid;
	__u32 grpid;
	__u32 perm;
	__u32 __reserved;
	__aligned_u64 addr;
	__u32 length;
	__u32 cookie;
};

/**
 * enum iommufd_page_response_code - answers to page requests
 * @IOMMUFD_PAGE_RESP_SUCCESS: what was wanted is mapped; the device tries again
 * @IOMMUFD_PAGE_RESP_INVALID: it will not be
 */
enum iommufd_page_response_code {
	IOMMUFD_PAGE_RESP_SUCCESS = 0,
	IOMMUFD_PAGE_RESP_INVALID = 1,
};

/**
 * struct iommu_hwpt_page_response - an answer, to be written to a fault queue
 * @cookie: of the group of requests, which was read and not answered, else EINVAL
 * @code: of enum iommufd_page_response_code, else EINVAL
 */
struct iommu_hwpt_page_response {
	__u32 cookie;
	__u32 code;
};

/* Flag of struct iommu_fault_alloc: read struct iommu_device_fault */
#define IOMMU_FAULT_QUEUE_COOKIE (1U << 31)

/**
 * struct iommu_fault_alloc - ioctl(IOMMU_FAULT_QUEUE_ALLOC)
 * @size: sizeof(struct iommu_fault_alloc)
 * @flags: 0; or, an extension, IOMMU_FAULT_QUEUE_COOKIE
 * @out_fault_id: ID of the new queue
 * @out_fault_fd: descriptor to read faults from and write answers to, closed on exec
 *
 * Makes a fault queue, for the devices that are attached to HWPTs made with it. A
 * read returns as many struct iommu_hwpt_pgfault as there are, and the buffer has
 * room for; 0 bytes if there is none. It never waits: poll() tells when there is
 * something. The requests of a group come together, and have the same @cookie: one
 * answer is for all of them. Writes are of whole struct iommu_hwpt_page_response,
 * else EINVAL; they return how many bytes were done, and an error if none. There is
 * room for 8192 records, including requests that wait for an answer; a read with
 * less room than one record returns 0.
 *
 * With IOMMU_FAULT_QUEUE_COOKIE the queue has struct iommu_device_fault instead, and
 * unrecoverable faults, too.
 *
 * Requests that were not answered are answered with IOMMUFD_PAGE_RESP_INVALID when
 * the device is detached or gets another HWPT, and when the descriptor is closed.
 * IOMMU_DESTROY gives EBUSY until then, and as long as HWPTs use the queue.
 */
struct iommu_fault_alloc {
	__u32 size;
	__u32 flags;
	__u32 out_fault_id;
	__u32 out_fault_fd;
};

#define IOMMU_FAULT_QUEUE_ALLOC _IO(IOMMUFD_TYPE, IOMMUFD_CMD_FAULT_QUEUE_ALLOC)

/**
 * enum iommu_device_fault_flags - flags of struct iommu_device_fault
 * @IOMMU_DEVICE_FAULT_HAS_COOKIE: the device was bound with a cookie
 * @IOMMU_DEVICE_FAULT_UNRECOVERABLE: the DMA was aborted; there is nothing to
 *      answer. Of @request, @flags, @dev_id, @pasid, @perm and @addr are used
 * @IOMMU_DEVICE_FAULT_ADDR_VALID: the address of an unrecoverable fault is known
 * @IOMMU_DEVICE_FAULT_LOST: unrecoverable faults before this one were lost, as the
 *      queue had no room, or may have been, as the IOMMU had none. With no other flag
 *      the record is of no fault, and the rest of it is 0: nothing came after
 *      those that were lost
 */
enum iommu_device_fault_flags {
	IOMMU_DEVICE_FAULT_HAS_COOKIE = 1 << 0,
	IOMMU_DEVICE_FAULT_UNRECOVERABLE = 1 << 1,
	IOMMU_DEVICE_FAULT_ADDR_VALID = 1 << 2,
	IOMMU_DEVICE_FAULT_LOST = 1 << 3,
};

/**
 * enum iommu_device_fault_reason - why a fault is unrecoverable
 * @IOMMU_DEVICE_FAULT_UNKNOWN: the hardware does not say
 * @IOMMU_DEVICE_FAULT_PASID_FETCH: the PASID table could not be read
 * @IOMMU_DEVICE_FAULT_BAD_PASID_ENTRY: the entry of the PASID table is not valid
 * @IOMMU_DEVICE_FAULT_PASID_INVALID: the PASID is out of range, or not enabled
 * @IOMMU_DEVICE_FAULT_WALK_ABORT: a page table could not be read
 * @IOMMU_DEVICE_FAULT_NOT_MAPPED: the address is not mapped
 * @IOMMU_DEVICE_FAULT_PERMISSION: what the device wanted is not allowed there
 * @IOMMU_DEVICE_FAULT_ACCESS: the access flag was not set
 * @IOMMU_DEVICE_FAULT_OUT_OF_RANGE: a stage put out an address that is too large
 */
enum iommu_device_fault_reason {
	IOMMU_DEVICE_FAULT_UNKNOWN = 0,
	IOMMU_DEVICE_FAULT_PASID_FETCH = 1,
	IOMMU_DEVICE_FAULT_BAD_PASID_ENTRY = 2,
	IOMMU_DEVICE_FAULT_PASID_INVALID = 3,
	IOMMU_DEVICE_FAULT_WALK_ABORT = 4,
	IOMMU_DEVICE_FAULT_NOT_MAPPED = 5,
	IOMMU_DEVICE_FAULT_PERMISSION = 6,
	IOMMU_DEVICE_FAULT_ACCESS = 7,
	IOMMU_DEVICE_FAULT_OUT_OF_RANGE = 8,
};

/**
 * struct iommu_device_fault - a fault, from a queue with IOMMU_FAULT_QUEUE_COOKIE
 * @request: as from other queues
 * @dev_cookie: cookie of the device
 * @flags: of enum iommu_device_fault_flags
 * @reason: of enum iommu_device_fault_reason, for unrecoverable faults
 */
struct iommu_device_fault {
	struct iommu_hwpt_pgfault request;
	__aligned_u64 dev_cookie;
	__u32 flags;
	__u32 reason;
};

/**
 * enum iommu_viommu_type - kinds of vIOMMUs
 * @IOMMU_VIOMMU_TYPE_DEFAULT: none; reserved
 * @IOMMU_VIOMMU_TYPE_ARM_SMMUV3: an Arm SMMUv3; virtual IDs are StreamIDs
 * @IOMMU_VIOMMU_TYPE_TEGRA241_CMDQV: an Arm SMMUv3 with a virtual interface (VINTF)
 *      of the CMDQV of a Tegra241. Not served yet: EOPNOTSUPP
 */
enum iommu_viommu_type {
	IOMMU_VIOMMU_TYPE_DEFAULT = 0,
	IOMMU_VIOMMU_TYPE_ARM_SMMUV3 = 1,
	IOMMU_VIOMMU_TYPE_TEGRA241_CMDQV = 2,
};

/**
 * struct iommu_viommu_tegra241_cmdqv - data of IOMMU_VIOMMU_TYPE_TEGRA241_CMDQV
 * @out_vintf_mmap_offset: offset of the IOMMU fd at which the registers of the VINTF
 *                         that a guest uses by itself can be mapped
 * @out_vintf_mmap_length: bytes of them
 *
 * This kernel does not serve it yet: IOMMU_VIOMMU_ALLOC gives EOPNOTSUPP.
 */
struct iommu_viommu_tegra241_cmdqv {
	__aligned_u64 out_vintf_mmap_offset;
	__aligned_u64 out_vintf_mmap_length;
};

/**
 * struct iommu_viommu_alloc - ioctl(IOMMU_VIOMMU_ALLOC)
 * @size: sizeof(struct iommu_viommu_alloc)
 * @flags: must be 0
 * @type: of enum iommu_viommu_type, or one that only the driver of the IOMMU
 *        knows; EOPNOTSUPP if the IOMMU of the device cannot have it
 * @dev_id: bound device behind the IOMMU
 * @hwpt_id: parent of the nested HWPTs that will be made on the vIOMMU: a HWPT
 *           that was made with IOMMU_HWPT_ALLOC_NEST_PARENT, else EINVAL
 * @out_viommu_id: ID of the new vIOMMU
 * @data_len: bytes at @data_uptr; one that the type does not have gives EINVAL
 * @__reserved: must be 0
 * @data_uptr: pointer to driver data, in and out
 *
 * Makes a vIOMMU: the part of one IOMMU that one guest sees. Nested HWPTs can be
 * made on it, and devices be put behind it by names that the guest has for them.
 * It lives until IOMMU_DESTROY, which gives EBUSY as long as it has nested HWPTs,
 * vDEVICEs or queues, or is mapped; the parent cannot be destroyed before it.
 */
struct iommu_viommu_alloc {
	__u32 size;
	__u32 flags;
	__u32 type;
	__u32 dev_id;
	__u32 hwpt_id;
	__u32 out_viommu_id;
	__u32 data_len;
	__u32 __reserved;
	__aligned_u64 data_uptr;
};

#define IOMMU_VIOMMU_ALLOC _IO(IOMMUFD_TYPE, IOMMUFD_CMD_VIOMMU_ALLOC)

/**
 * struct iommu_vdevice_alloc - ioctl(IOMMU_VDEVICE_ALLOC)
 * @size: sizeof(struct iommu_vdevice_alloc)
 * @viommu_id: vIOMMU
 * @dev_id: bound device behind the same IOMMU, else EINVAL
 * @out_vdevice_id: ID of the new vDEVICE
 * @virt_id: name that the guest has for the device, such as a stream ID; one that
 *           the vIOMMU cannot have gives EINVAL, one that it has already EEXIST
 *
 * Puts a device behind a vIOMMU: from here on its virtual ID stands for it in
 * invalidations and events of the vIOMMU. A device can be behind one vIOMMU at a
 * time (EEXIST). Ends with IOMMU_DESTROY, or with the binding of the device; then
 * the ID of the vDEVICE gives ENOENT, and names nothing else for as long as the
 * descriptor is open.
 */
struct iommu_vdevice_alloc {
	__u32 size;
	__u32 viommu_id;
	__u32 dev_id;
	__u32 out_vdevice_id;
	__aligned_u64 virt_id;
};

#define IOMMU_VDEVICE_ALLOC _IO(IOMMUFD_TYPE, IOMMUFD_CMD_VDEVICE_ALLOC)

/**
 * enum iommu_veventq_flag - flags of struct iommufd_vevent_header
 * @IOMMU_VEVENTQ_FLAG_LOST_EVENTS: events were lost; no data follow
 */
enum iommu_veventq_flag {
	IOMMU_VEVENTQ_FLAG_LOST_EVENTS = 1 << 0,
};

/**
 * struct iommufd_vevent_header - what every event begins with
 * @flags: of enum iommu_veventq_flag
 * @sequence: number of the event in its queue: from 0 on, 0 again after INT_MAX.
 *            Events that were lost are numbered, too: where a number is missing,
 *            some were
 */
struct iommufd_vevent_header {
	__u32 flags;
	__u32 sequence;
};

/**
 * enum iommu_veventq_type - kinds of events of vIOMMUs
 * @IOMMU_VEVENTQ_TYPE_DEFAULT: none; reserved
 * @IOMMU_VEVENTQ_TYPE_ARM_SMMUV3: struct iommu_vevent_arm_smmuv3
 * @IOMMU_VEVENTQ_TYPE_TEGRA241_CMDQV: struct iommu_vevent_tegra241_cmdqv. Not served
 *      yet: EOPNOTSUPP
 */
enum iommu_veventq_type {
	IOMMU_VEVENTQ_TYPE_DEFAULT = 0,
	IOMMU_VEVENTQ_TYPE_ARM_SMMUV3 = 1,
	IOMMU_VEVENTQ_TYPE_TEGRA241_CMDQV = 2,
};

/**
 * struct iommu_vevent_arm_smmuv3 - an event of a guest's stage 1
 * @evt: as the guest expects it in its event queue, little endian; StreamID is the
 *       virtual ID of the device
 *
 * Events are F_STREAM_DISABLED, C_BAD_SUBSTREAMID, C_BAD_CD, F_TRANSLATION,
 * F_ADDR_SIZE, F_ACCESS and F_PERMISSION, as far as they are of stage 1.
 */
struct iommu_vevent_arm_smmuv3 {
	__aligned_le64 evt[4];
};

/**
 * struct iommu_vevent_tegra241_cmdqv - an error of command queues of a guest
 * @lvcmdq_err_map: bitmap of the logical queues (LVCMDQ) of the VINTF that have an
 *                  error, little endian: bit n of the first doubleword is queue n,
 *                  of the second one queue 64 + n
 *
 * This kernel does not serve it yet: IOMMU_VEVENTQ_ALLOC gives EOPNOTSUPP.
 */
struct iommu_vevent_tegra241_cmdqv {
	__aligned_le64 lvcmdq_err_map[2];
};

/**
 * struct iommu_veventq_alloc - ioctl(IOMMU_VEVENTQ_ALLOC)
 * @size: sizeof(struct iommu_veventq_alloc)
 * @flags: must be 0
 * @viommu_id: vIOMMU
 * @type: of enum iommu_veventq_type, or one that only the driver of the IOMMU
 *        knows; EOPNOTSUPP if the vIOMMU does not have it
 * @veventq_depth: how many events the queue has room for, 1 to 524288, else EINVAL
 *                 (ENOMEM if there is no memory for them, which is all taken now)
 * @out_veventq_id: ID of the new queue
 * @out_veventq_fd: descriptor to read events from, closed on exec
 * @__reserved: must be 0
 *
 * Makes a queue for the events of a vIOMMU of one type (EEXIST if there is one).
 * Events that happen before are not kept. A read returns as many as there are, and
 * the buffer has room for: each is a struct iommufd_vevent_header and the data of
 * the type. 0 bytes if there is none, or no room for one; a read never waits, poll()
 * tells when there is something. When the queue is full events are lost: the next
 * one that is not has a number that tells so, and if there is none yet, a header with
 * IOMMU_VEVENTQ_FLAG_LOST_EVENTS is the last one.
 *
 * IOMMU_DESTROY gives EBUSY until the descriptor is closed; the vIOMMU cannot be
 * destroyed before the queue.
 */
struct iommu_veventq_alloc {
	__u32 size;
	__u32 flags;
	__u32 viommu_id;
	__u32 type;
	__u32 veventq_depth;
	__u32 out_veventq_id;
	__u32 out_veventq_fd;
	__u32 __reserved;
};

#define IOMMU_VEVENTQ_ALLOC _IO(IOMMUFD_TYPE, IOMMUFD_CMD_VEVENTQ_ALLOC)

/**
 * enum iommu_hw_queue_type - kinds of queues that hardware reads or writes itself
 * @IOMMU_HW_QUEUE_TYPE_DEFAULT: none; reserved
 * @IOMMU_HW_QUEUE_TYPE_TEGRA241_CMDQV: a command queue (VCMDQ) of the CMDQV of a
 *      Tegra241. Not served yet
 *
 * This kernel has no command that takes one, see struct iommu_hw_queue_alloc.
 */
enum iommu_hw_queue_type {
	IOMMU_HW_QUEUE_TYPE_DEFAULT = 0,
	IOMMU_HW_QUEUE_TYPE_TEGRA241_CMDQV = 1,
};

/**
 * struct iommu_hw_queue_alloc - ioctl(IOMMU_HW_QUEUE_ALLOC)
 * @size: sizeof(struct iommu_hw_queue_alloc)
 * @flags: must be 0
 * @viommu_id: vIOMMU
 * @type: of enum iommu_hw_queue_type
 * @index: which queue of its type it is in the vIOMMU, from 0 on
 * @out_hw_queue_id: ID of the new queue
 * @nesting_parent_iova: start of the memory that has the queue: an IOVA of the
 *                       parent of the vIOMMU
 * @length: bytes of that memory
 *
 * Gives memory of a guest to the hardware as a queue of a vIOMMU: the guest and the
 * hardware use it without the kernel. This kernel does not serve it yet: the command
 * gives ENOTTY.
 */
struct iommu_hw_queue_alloc {
	__u32 size;
	__u32 flags;
	__u32 viommu_id;
	__u32 type;
	__u32 index;
	__u32 out_hw_queue_id;
	__aligned_u64 nesting_parent_iova;
	__aligned_u64 length;
};

#define IOMMU_HW_QUEUE_ALLOC _IO(IOMMUFD_TYPE, IOMMUFD_CMD_HW_QUEUE_ALLOC)

/*
 * Extensions: devices named by their cookie
 */

/**
 * enum iommu_format - what user space manages below an IOASID
 * @IOMMU_FORMAT_MAP_UNMAP: nothing: the kernel does, by map and unmap
 *
 * Other formats have the numbers of enum iommu_hwpt_data_type.
 */
enum iommu_format {
	IOMMU_FORMAT_MAP_UNMAP = 0,
};

/**
 * enum iommu_format_flags - properties of a format
 * @IOMMU_FORMAT_HW_NESTING: a child in this format is translated by the hardware,
 *      on top of a kernel-managed parent
 * @IOMMU_FORMAT_SW_NESTING: a child in this format is a kernel-managed address
 *      space of its own, which loses what the parent loses
 * @IOMMU_FORMAT_PASID_TABLE: user space manages a table of the page tables of all
 *      PASIDs; without it, one page table
 * @IOMMU_FORMAT_NONCOHERENT: the table of the user can make DMA bypass the caches
 *      of the CPU
 * @IOMMU_FORMAT_REFUSED: the hardware has the format, but to use it would not be
 *      safe here (@IOMMU_FORMAT_NONCOHERENT): IOMMU_IOASID_ALLOC gives EPERM
 */
enum iommu_format_flags {
	IOMMU_FORMAT_HW_NESTING = 1 << 0,
	IOMMU_FORMAT_SW_NESTING = 1 << 1,
	IOMMU_FORMAT_PASID_TABLE = 1 << 2,
	IOMMU_FORMAT_NONCOHERENT = 1 << 3,
	IOMMU_FORMAT_REFUSED = 1 << 4,
};

/**
 * struct iommu_format_info - a format that a device supports
 * @format: of enum iommu_format, or a number that only the driver of the IOMMU
 *          knows
 * @flags: of enum iommu_format_flags
 * @data_len: bytes that @data of IOMMU_IOASID_ALLOC has at most; 0: none
 * @invalidate_type: @data_type of IOMMU_IOASID_INVALIDATE
 * @invalidate_len: bytes of one of its entries; 0: there is nothing to invalidate
 * @addr_width: of the addresses that devices use, in bits; 0 for
 *              IOMMU_FORMAT_MAP_UNMAP, of which struct iommu_device_get_info has
 *              the limits
 * @pasid_width: of the PASIDs that a PASID table can have, in bits
 * @__reserved: 0
 * @pgsizes: bitmap of the page sizes of the user's table: bit n is 2^n bytes
 */
struct iommu_format_info {
	__u32 format;
	__u32 flags;
	__u32 data_len;
	__u32 invalidate_type;
	__u32 invalidate_len;
	__u8 addr_width;
	__u8 pasid_width;
	__u16 __reserved;
	__aligned_u64 pgsizes;
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
 * @IOMMU_DEVICE_CAP_DIRTY_TRACKING: a HWPT with dirty tracking can be made for
 *      the device, and the device attached to it
 * @IOMMU_DEVICE_CAP_NO_IOMMU: the device has no IOMMU: its DMA is to
 *      physical addresses, see IOMMU_IOAS_NOIOMMU_GET_PA, and reaches all memory
 */
enum iommu_device_caps {
	IOMMU_DEVICE_CAP_COHERENT = 1 << 0,
	IOMMU_DEVICE_CAP_ENFORCE_SNOOP = 1 << 1,
	IOMMU_DEVICE_CAP_ISOLATED_MSI = 1 << 2,
	IOMMU_DEVICE_CAP_SW_MSI = 1 << 3,
	IOMMU_DEVICE_CAP_DIRTY_TRACKING = 1 << 4,
	IOMMU_DEVICE_CAP_NO_IOMMU = 1 << 5,
};

/**
 * enum iommu_pasid_flags - who manages the PASIDs of a device
 * @IOMMU_PASID_USER: the user, with a format that is a PASID table
 */
enum iommu_pasid_flags {
	IOMMU_PASID_USER = 1 << 0,
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
 *              entry shorter than 32 bytes gives EINVAL
 * @num_formats: in: room at @formats, in entries; out: number of formats
 * @num_ranges: in: room at @ranges, in entries; out: number of ranges
 * @formats: pointer to an array of struct iommu_format_info
 * @ranges: pointer to an array of struct iommu_iova_range: the IOVAs that an
 *          address space of this device alone could map, ascending
 * @out_pasid_flags: of enum iommu_pasid_flags; 0: the device has no PASIDs
 * @out_pasid_width: of its PASIDs, in bits
 *
 * Tells what can be done with a bound device, before it is attached and before
 * any address space exists. Every device has IOMMU_FORMAT_MAP_UNMAP, which is
 * told first. With IOMMU_DEVICE_CAP_ENFORCE_SNOOP that is coherent whatever the
 * device does, and without it if the device does not ask for no snoop; the user
 * cannot change that. If an array is too small it is filled as far as it
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
	__u32 out_pasid_flags;
	__u32 out_pasid_width;
};

#define IOMMU_DEVICE_GET_INFO _IO(IOMMUFD_TYPE, IOMMUFD_CMD_DEVICE_GET_INFO)

/**
 * enum iommu_ioasid_nesting - how what an IOASID puts out is translated further
 * @IOMMU_IOASID_NOT_NESTED: not at all: it has no parent
 * @IOMMU_IOASID_HW_NESTED: by the hardware, with the address space of the parent
 * @IOMMU_IOASID_SW_NESTED: by user space, which copies from the parent
 */
enum iommu_ioasid_nesting {
	IOMMU_IOASID_NOT_NESTED = 0,
	IOMMU_IOASID_HW_NESTED = 1,
	IOMMU_IOASID_SW_NESTED = 2,
};

/**
 * enum iommu_ioasid_alloc_flags - flags of IOMMU_IOASID_ALLOC
 * @IOMMU_IOASID_ALLOC_FAULT_QUEUE: @fault_id is set. EOPNOTSUPP with
 *      IOMMU_FORMAT_MAP_UNMAP
 */
enum iommu_ioasid_alloc_flags {
	IOMMU_IOASID_ALLOC_FAULT_QUEUE = 1 << 0,
};

/**
 * struct iommu_ioasid_alloc - ioctl(IOMMU_IOASID_ALLOC)
 * @size: sizeof(struct iommu_ioasid_alloc)
 * @flags: of enum iommu_ioasid_alloc_flags
 * @format: of enum iommu_format; one that no driver has gives EOPNOTSUPP
 * @parent_id: IOASID whose IOVAs the new one puts out; 0: it has no parent
 * @cookies: pointer to an array of u64: the cookies of devices that are going to
 *           be attached
 * @num_cookies: number of them, 4096 at most, else EINVAL
 * @data_len: bytes at @data
 * @data: pointer to data in the layout of the format
 * @fault_id: with IOMMU_IOASID_ALLOC_FAULT_QUEUE: fault queue for the devices that
 *            are attached; else must be 0
 * @out_ioasid: the new IOASID
 * @out_nesting: of enum iommu_ioasid_nesting
 * @out_refused: index of the first device that is the reason for an error;
 *               @num_cookies if there is none. Written also with an error
 *
 * Makes an I/O address space of a format, for devices that can use it. It is the
 * same as those of mainline's commands: devices are attached to it by its ID, and
 * IOMMU_DESTROY ends it.
 *
 * With IOMMU_FORMAT_MAP_UNMAP it is an IOAS. Without a parent, that is what
 * IOMMU_IOAS_ALLOC makes. With a parent, which is an IOAS, it is a software-nested
 * child: IOMMU_IOAS_COPY from the parent maps any part of it at any IOVA of the
 * child. What the parent unmaps is unmapped from the child, and from children of
 * the child, before that unmap returns. The other way round, unmapping something
 * from the child changes nothing in the parent. The child can be the parent of
 * others, 7 generations at most, else EINVAL. What is mapped into the child from
 * elsewhere is the child's alone. A parent that has children cannot be destroyed
 * (EBUSY).
 *
 * With any other format it is a hardware-nested child, as a nested HWPT: the
 * table is the user's. There has to be a parent, an IOAS or a HWPT that was made
 * with IOMMU_HWPT_ALLOC_NEST_PARENT, and one device at least (EINVAL). What the
 * hardware needs besides, such as a table of the parent that can be one of nested
 * ones, the kernel makes, and takes away with the child.
 *
 * A cookie that no device has gives ENOENT. A device that cannot use the new
 * IOASID gives EOPNOTSUPP, or EPERM if that would not be safe, see
 * IOMMU_FORMAT_REFUSED. Devices that share a child must be behind the same IOMMU.
 * Nothing is kept of the devices: others can be attached later if they suit, and
 * those that do not are refused then (EINVAL). EINVAL for data of a wrong length,
 * and what the format says of its data; EADDRINUSE if the parent has mappings or
 * allowed ranges that the hardware cannot have.
 */
struct iommu_ioasid_alloc {
	__u32 size;
	__u32 flags;
	__u32 format;
	__u32 parent_id;
	__aligned_u64 cookies;
	__u32 num_cookies;
	__u32 data_len;
	__aligned_u64 data;
	__u32 fault_id;
	__u32 out_ioasid;
	__u32 out_nesting;
	__u32 out_refused;
};

#define IOMMU_IOASID_ALLOC _IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOASID_ALLOC)

/**
 * enum iommu_ioasid_invalidate_flags - flags of IOMMU_IOASID_INVALIDATE
 * @IOMMU_IOASID_INVALIDATE_DEVICE: @dev_cookie is valid
 */
enum iommu_ioasid_invalidate_flags {
	IOMMU_IOASID_INVALIDATE_DEVICE = 1 << 0,
};

/**
 * struct iommu_ioasid_invalidate - ioctl(IOMMU_IOASID_INVALIDATE)
 * @size: sizeof(struct iommu_ioasid_invalidate)
 * @flags: of enum iommu_ioasid_invalidate_flags
 * @ioasid: IOASID in a format that user space manages, else EINVAL
 * @data_type: layout of an entry, as struct iommu_format_info has it, else EINVAL
 * @dev_cookie: cookie of the device that the entries are for, else ENOENT. A
 *              device that could not be attached to the IOASID gives EINVAL.
 *              Whatever the entries say, they can affect no other device
 * @entries: pointer to an array of entries
 * @entry_len: bytes of an entry
 * @num_entries: in: number of entries; out: number of entries that were done, also
 *               with an error
 *
 * As IOMMU_HWPT_INVALIDATE, with a device instead of the names that a guest has
 * for its devices. Entries that concern one device give EINVAL without it.
 */
struct iommu_ioasid_invalidate {
	__u32 size;
	__u32 flags;
	__u32 ioasid;
	__u32 data_type;
	__aligned_u64 dev_cookie;
	__aligned_u64 entries;
	__u32 entry_len;
	__u32 num_entries;
};

#define IOMMU_IOASID_INVALIDATE _IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOASID_INVALIDATE)

/**
 * enum iommu_memory_register_flags - flags of IOMMU_MEMORY_REGISTER
 * @IOMMU_MEMORY_REGISTER_WRITEABLE: writeable mappings use the registered
 *                                   memory, too
 */
enum iommu_memory_register_flags {
	IOMMU_MEMORY_REGISTER_WRITEABLE = 1 << 0,
};

/**
 * struct iommu_memory_register - ioctl(IOMMU_MEMORY_REGISTER)
 * @size: sizeof(struct iommu_memory_register)
 * @flags: of enum iommu_memory_register_flags
 * @user_va: start of the memory in the calling process
 * @length: bytes
 * @out_memory_id: ID of the registration
 * @__reserved: must be 0
 *
 * An extension. Pins the pages that the range touches, and charges them to the
 * process as a mapping would, once. An IOMMU_IOAS_MAP of the same process whose
 * memory is all in the range then pins nothing more and is not charged, in
 * whatever IOAS of the descriptor, as often as wanted: it maps the registered
 * pages, even if the process has changed its address space since. Mappings that
 * reach out of the range, and writeable ones of memory that is not registered as
 * writeable, pin for themselves.
 *
 * IOMMU_DESTROY ends the registration; EBUSY as long as mappings made from it,
 * or copies of them, are there. EINVAL for a length of 0, EFAULT for memory that
 * is not there, cannot be written or has no pages, ENOMEM beyond
 * RLIMIT_MEMLOCK, EPERM if the descriptor is of /dev/vfio/vfio, charges each process
 * by itself, and has neither a group nor a device.
 */
struct iommu_memory_register {
	__u32 size;
	__u32 flags;
	__aligned_u64 user_va;
	__aligned_u64 length;
	__u32 out_memory_id;
	__u32 __reserved;
};

#define IOMMU_MEMORY_REGISTER _IO(IOMMUFD_TYPE, IOMMUFD_CMD_MEMORY_REGISTER)

#endif
