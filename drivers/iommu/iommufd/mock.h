/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the mock IOMMU driver know of each other.
 *
 * selftest.c	the driver, its devices, and most operations
 * mock_access.c	operations on in-kernel accesses
 * mock_dirty.c	dirty tracking
 * mock_fault.c	faults of devices
 * mock_memory.c	device memory
 * mock_nested.c	nested domains
 * mock_viommu.c	vIOMMUs
 */
#ifndef __IOMMUFD_MOCK_H
#define __IOMMUFD_MOCK_H

#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/xarray.h>

#include "iommufd_test.h"
#include "nesting.h"

/**
 * struct mock_device - a mock device
 * @dev: the device
 * @flags: MOCK_DEVICE_NO_DIRTY and so on
 * @cache: what its IOMMU has cached for it
 * @lock: protects the rest
 * @viommu: vIOMMU of the domain that the device is attached to, or NULL
 * @virt_id: ID of the device there
 * @num_answers: how many page requests were answered
 * @last_answer: what, of enum iommu_page_response_code
 */
struct mock_device {
	struct device dev;
	u32 flags;
	u32 cache[MOCK_CACHE_ENTRIES];
	spinlock_t lock;
	struct iommu_viommu *viommu;
	u64 virt_id;
	u32 num_answers;
	u32 last_answer;
};

/**
 * struct mock_domain - a mock page table
 * @domain: the domain
 * @iopte: entries by IO page number; its lock protects them and the rest
 * @dirty_tracking: device writes mark entries
 */
struct mock_domain {
	struct iommu_domain domain;
	struct xarray iopte;
	bool dirty_tracking;
};

static inline struct mock_domain *to_mock_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct mock_domain, domain);
}

static inline struct mock_device *to_mock_device(struct device *dev)
{
	return container_of(dev, struct mock_device, dev);
}

bool mock_is_mock_device(struct device *dev);
void mock_set_viommu(struct device *dev, struct iommu_viommu *viommu,
		     u64 virt_id);

/* Devices are behind one of two IOMMUs */
static inline bool mock_on_other_iommu(struct device *dev)
{
	return to_mock_device(dev)->flags & MOCK_DEVICE_OTHER_IOMMU;
}

/*
 * IOPTE: the physical address of the first byte in units of IO pages, from bit
 * 9 up. Below are the order, what the device may do, and whether it did.
 */
#define MOCK_IOPTE_ORDER	GENMASK(5, 0)
#define MOCK_IOPTE_READ		BIT(6)
#define MOCK_IOPTE_WRITE	BIT(7)
#define MOCK_IOPTE_DIRTY	BIT(8)
#define MOCK_IOPTE_PHYS_SHIFT	9

/* Mark of entries that the IOTLB has as dirty, though they are not */
#define MOCK_IN_IOTLB		XA_MARK_0

static inline unsigned long mock_iopte_order(void *entry)
{
	return xa_to_value(entry) & MOCK_IOPTE_ORDER;
}

static inline unsigned long mock_iopte_start(void *entry, unsigned long index)
{
	return round_down(index, 1UL << mock_iopte_order(entry));
}

extern const struct iommu_dirty_ops mock_dirty_ops;
extern const struct iommu_user_ops mock_user_ops;
extern const struct iommu_viommu_ops mock_viommu_ops;
int mock_page_response(struct device *dev, struct iommu_fault_event *event,
		       struct iommu_page_response *answer);
int mock_need_memory(void);
bool mock_viommu_suits(struct iommu_viommu *viommu, struct device *dev);
void mock_domain_flush_iotlb_all(struct iommu_domain *domain);
void mock_domain_iotlb_sync(struct iommu_domain *domain,
			    struct iommu_iotlb_gather *gather);

/* Operations, by enum iommufd_mock_op, that are not in selftest.c */
int mock_op_access_create(struct iommufd_call *call);
int mock_op_access_pin(struct iommufd_call *call);
int mock_op_access_replace_ioas(struct iommufd_call *call);
int mock_op_access_rw(struct iommufd_call *call);
int mock_op_access_unpin(struct iommufd_call *call);
int mock_op_check_cache(struct iommufd_call *call);
int mock_op_get_answers(struct iommufd_call *call);
int mock_op_report_fault(struct iommufd_call *call);
int mock_op_trigger_fault(struct iommufd_call *call);
int mock_op_trigger_vevent(struct iommufd_call *call);
int mock_op_lose_vevents(struct iommufd_call *call);
int mock_op_check_iotlb(struct iommufd_call *call);
int mock_op_dmabuf_get(struct iommufd_call *call);
int mock_op_dmabuf_revoke(struct iommufd_call *call);
int mock_op_set_dirty(struct iommufd_call *call);

#endif
