/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a driver of an IOMMU offers to users who manage translation themselves.
 *
 * A user-managed table is in the user's memory, in a format of the hardware.
 * What it puts out are IOVAs of its parent, a paging domain of the kernel, so
 * that it can reach only what the parent maps. The driver makes a nested domain
 * of it, which devices are attached to as to any other.
 *
 * Everything that is known of a format before a domain exists is an entry of a
 * const table that the driver publishes in iommu_ops.user_ops: what can be asked
 * of a device, whether it suits, and how long the structures of user space are.
 * /dev/iommu loops over that table; it checks lengths, types and parents and
 * copies from user space, so that a driver sees complete data of its own format
 * in kernel memory.
 *
 * A vIOMMU is the part of one IOMMU that one guest sees: what several nested
 * domains of the guest have in common (an ID in the IOTLB, the guest's names of
 * its devices). A format may need one. User space makes it, or /dev/iommu does
 * where user space names devices by their cookie (struct iommu_viommu.implicit).
 *
 * All operations may sleep, and are called without locks of the IOMMU layer.
 * Attach goes through iommu_domain_ops.attach_dev as for other domains, and
 * iommu_domain_ops.finalise tells whether a nested domain suits a device.
 * Page requests and unrecoverable faults are told by
 * iommu_report_device_fault(). /dev/iommu may be a module: nothing here needs a
 * symbol of it.
 */
#ifndef __LINUX_IOMMU_NESTING_H
#define __LINUX_IOMMU_NESTING_H

#include <linux/iommu.h>
#include <linux/lockdep.h>
#include <linux/xarray.h>

struct iommu_user_format;
struct iommu_viommu_ops;

/* The longest data of user space that a format or a vIOMMU can have, in bytes */
#define IOMMU_USER_DATA_MAX 64

/**
 * enum iommu_user_format_kind - what a user-managed table has
 * @IOMMU_USER_PAGE_TABLE: a page table
 * @IOMMU_USER_PASID_TABLE: the page tables of all PASIDs of a device
 */
enum iommu_user_format_kind {
	IOMMU_USER_PAGE_TABLE,
	IOMMU_USER_PASID_TABLE,
};

/**
 * struct iommu_user_format_info - limits of a format for a device
 * @noncoherent: a table can make DMA of the device bypass the CPU's caches,
 *               whatever the parent says
 * @addr_width: of the addresses that a table takes in, in bits
 * @pasid_width: PASIDs that a PASID table can have, in bits; 0: one entry
 * @pgsizes: bitmap of the page sizes of a table: bit n is 2^n bytes
 */
struct iommu_user_format_info {
	bool noncoherent;
	u8 addr_width;
	u8 pasid_width;
	u64 pgsizes;
};

/**
 * struct iommu_viommu - the part of an IOMMU that a guest sees
 * @type: its kind
 * @parent: what tables of the guest put out are IOVAs of this paging domain
 * @dev: a device behind the IOMMU; valid in iommu_viommu_ops.init only
 * @implicit: user space does not know of it: devices have no virtual IDs, and
 *            invalidations come with the device that they are for
 * @vdevices: struct iommu_vdevice by virtual ID; its lock protects them
 * @mmap_phys: physical memory that user space can map, set by
 *             iommu_viommu_ops.init; page aligned
 * @mmap_length: bytes of it, whole pages; 0: there is none
 * @mmap_offset: where user space maps it, which the driver tells it in its data
 * @report: how to tell user space of an event, see iommu_viommu_report_event()
 * @owner: of /dev/iommu
 *
 * The first member of what the driver has. /dev/iommu allocates and frees it,
 * and sets everything in it but what is said to be set by the driver.
 */
struct iommu_viommu {
	const struct iommu_viommu_ops *type;
	struct iommu_domain *parent;
	struct device *dev;
	bool implicit;
	struct xarray vdevices;
	phys_addr_t mmap_phys;
	size_t mmap_length;
	u64 mmap_offset;
	int (*report)(struct iommu_viommu *viommu, u32 type, const void *data,
		      size_t len);
	void *owner;
};

/**
 * struct iommu_vdevice - a device as a vIOMMU has it
 * @viommu: the vIOMMU
 * @dev: the device
 * @id: what the guest calls it: a stream ID, for example
 *
 * The first member of what the driver has. /dev/iommu allocates and frees it,
 * and sets everything in it.
 */
struct iommu_vdevice {
	struct iommu_viommu *viommu;
	struct device *dev;
	u64 id;
};

/**
 * struct iommu_viommu_ops - a kind of vIOMMU
 * @type: enum iommu_viommu_type of the uAPI, or a number of the driver's own
 * @size: of the driver's structure, which has struct iommu_viommu first
 * @vdevice_size: of that which has struct iommu_vdevice first
 * @data_min: shortest data of user space, in bytes, if there are any
 * @data_len: longest, in bytes, at most IOMMU_USER_DATA_MAX; 0: there is none
 * @invalidate_type: type of invalidations in the uAPI
 * @invalidate_len: bytes of one of them; 0: there are none
 * @event_type: type of events in the uAPI
 * @event_len: bytes of one of them; 0: there are none
 * @probe: can it be made for the IOMMU of a device? 0, or -EOPNOTSUPP. NULL: for
 *         every one of this driver
 * @init: bring up what has been allocated. @data is that of user space, zero
 *        extended to @data_len, and goes back to user space; NULL if there
 *        is none: -EINVAL if there has to be. -EINVAL, too, if the parent
 *        does not suit the IOMMU of the device
 * @destroy: undo @init, after which no event is reported; all vDEVICEs and
 *           nested domains of the vIOMMU are gone
 * @invalidate: drop cached translations and configuration, as the guest asked.
 *              @dev: the device that all entries are for, which is behind the
 *              IOMMU of @viommu; NULL: those that name one name it by its ID.
 *              Done entries are counted in *@done; the first one that cannot
 *              be done ends it, with an error. An entry that is counted has
 *              taken effect when this returns
 * @vdevice_init: take in a device. -EINVAL if it is not behind this IOMMU, or
 *                cannot have such an ID. NULL: nothing to do
 * @vdevice_destroy: undo @vdevice_init
 *
 * @vdevice_init and @vdevice_destroy are called while the vDEVICE is not in
 * iommu_viommu.vdevices.
 */
struct iommu_viommu_ops {
	u32 type;
	size_t size;
	size_t vdevice_size;
	u32 data_min;
	u32 data_len;
	u32 invalidate_type;
	u32 invalidate_len;
	u32 event_type;
	u32 event_len;
	int (*probe)(struct device *dev);
	int (*init)(struct iommu_viommu *viommu, void *data);
	void (*destroy)(struct iommu_viommu *viommu);
	int (*invalidate)(struct iommu_viommu *viommu, struct device *dev,
			  const void *entries, u32 num, u32 *done);
	int (*vdevice_init)(struct iommu_vdevice *vdevice);
	void (*vdevice_destroy)(struct iommu_vdevice *vdevice);
};

/**
 * struct iommu_nested_domain - a domain that the user manages
 * @domain: type IOMMU_DOMAIN_NESTED. The driver sets its ops
 * @format: of the user's table. This and the rest are set by /dev/iommu when
 *          the domain has been made
 * @parent: paging domain whose IOVAs the table puts out
 * @viommu: the vIOMMU that it belongs to, or NULL
 *
 * The first member of what the driver has; the driver allocates it, and frees it
 * in iommu_domain_ops.free.
 */
struct iommu_nested_domain {
	struct iommu_domain domain;
	const struct iommu_user_format *format;
	struct iommu_domain *parent;
	struct iommu_viommu *viommu;
};

static inline struct iommu_nested_domain *
to_nested_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct iommu_nested_domain, domain);
}

/**
 * struct iommu_user_format - a format of tables that users manage
 * @type: enum iommu_hwpt_data_type of the uAPI, or a number of the driver's own
 * @kind: what a table has
 * @data_min: shortest data of user space that make a domain, in bytes
 * @data_len: longest, in bytes, at most IOMMU_USER_DATA_MAX
 * @invalidate_type: type of invalidations in the uAPI
 * @invalidate_len: bytes of one of them; 0: there are none but those of the
 *                  vIOMMU
 * @viommu: kind of vIOMMU that domains of this format can belong to, or NULL
 * @needs_viommu: and have to
 * @probe: can a device have such a table? 0, with the limits; -EOPNOTSUPP if
 *         its IOMMU cannot; -EPERM if it can, but that would not be safe,
 *         with the limits that are the reason
 * @domain_alloc: make a domain for the IOMMU of @dev, for which @probe has
 *                returned 0. @parent was made with
 *                iommu_domain_request.nest_parent by this driver, and is that
 *                of @viommu if that is not NULL. @data is that of user
 *                space, zero extended to @data_len. An ERR_PTR if the data
 *                are not valid, or the parent does not suit: -EINVAL, or what
 *                the uAPI says of the format
 * @invalidate: drop cached translations of a domain; otherwise as that of
 *              struct iommu_viommu_ops. NULL if @invalidate_len is 0
 */
struct iommu_user_format {
	u32 type;
	enum iommu_user_format_kind kind;
	u32 data_min;
	u32 data_len;
	u32 invalidate_type;
	u32 invalidate_len;
	const struct iommu_viommu_ops *viommu;
	bool needs_viommu;
	int (*probe)(struct device *dev, struct iommu_user_format_info *info);
	struct iommu_nested_domain *(*domain_alloc)(struct device *dev,
						    struct iommu_domain *parent,
						    struct iommu_viommu *viommu,
						    const void *data);
	int (*invalidate)(struct iommu_nested_domain *nested,
			  struct device *dev, const void *entries, u32 num,
			  u32 *done);
};

/**
 * struct iommu_user_ops - what a driver offers to users
 * @formats: formats of user-managed tables
 * @num_formats: number of them
 * @viommus: kinds of vIOMMUs
 * @num_viommus: number of them
 * @can_nest: does any IOMMU of the driver serve user-managed tables?
 * @reports_faults: faults of devices are reported by iommu_report_device_fault()
 *
 * A driver that has this takes iommu_domain_request.nest_parent.
 */
struct iommu_user_ops {
	const struct iommu_user_format *formats;
	unsigned int num_formats;
	const struct iommu_viommu_ops *viommus;
	unsigned int num_viommus;
	bool (*can_nest)(void);
	bool reports_faults;
};

/**
 * iommu_viommu_find_vdevice() - the device behind a virtual ID
 * @viommu: the vIOMMU
 * @id: what the guest calls the device
 *
 * The caller holds the xa_lock of @viommu->vdevices, as long as he uses the
 * vDEVICE.
 *
 * Return: the vDEVICE or NULL.
 */
static inline struct iommu_vdevice *
iommu_viommu_find_vdevice(struct iommu_viommu *viommu, u64 id)
{
	lockdep_assert_held(&viommu->vdevices.xa_lock);
	return id > ULONG_MAX ? NULL : xa_load(&viommu->vdevices, id);
}

/**
 * iommu_viommu_find_id() - the virtual ID of a device
 * @viommu: the vIOMMU
 * @dev: the device
 * @id: returns what the guest calls it
 *
 * Return: 0, or -ENOENT if the vIOMMU does not have the device.
 */
static inline int iommu_viommu_find_id(struct iommu_viommu *viommu,
				       struct device *dev, u64 *id)
{
	struct iommu_vdevice *vdevice;
	unsigned long index;
	int rc = -ENOENT;

	xa_lock(&viommu->vdevices);
	xa_for_each(&viommu->vdevices, index, vdevice) {
		if (vdevice->dev == dev) {
			*id = vdevice->id;
			rc = 0;
			break;
		}
	}
	xa_unlock(&viommu->vdevices);
	return rc;
}

/**
 * iommu_viommu_report_event() - tell user space of an event
 * @viommu: the vIOMMU that it is of
 * @type: layout of the event
 * @data: the event as the guest shall see it; NULL if events of this type may have
 *        been lost on their way to the driver
 * @len: its bytes
 *
 * Never sleeps. An event for which there is no room is lost, and user space is
 * told so.
 *
 * Return: 0; -EOPNOTSUPP if user space does not want events of this type.
 */
static inline int iommu_viommu_report_event(struct iommu_viommu *viommu,
					    u32 type, const void *data,
					    size_t len)
{
	return viommu->report(viommu, type, data, len);
}

/* struct iommu_fault.type: nothing more is known of faults */
#define IOMMU_FAULT_LOST	0x100

/**
 * iommu_report_lost_faults() - tell that faults of a device may have been lost
 * @dev: the device
 *
 * For the driver of an IOMMU that found its queue of events full. May sleep, as
 * iommu_report_device_fault().
 */
static inline void iommu_report_lost_faults(struct device *dev)
{
	struct iommu_fault_event event = { .fault.type = IOMMU_FAULT_LOST };

	iommu_report_device_fault(dev, &event);
}

#endif
