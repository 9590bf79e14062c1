/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files know of each other that let users manage translation.
 *
 * format.c	formats that the driver of an IOMMU has, and their data
 * nested.c	nested hardware page tables
 * viommu.c	the part of an IOMMU that a guest sees
 * vdevice.c	devices as a guest sees them
 * veventq.c	queues of events of a vIOMMU
 * ioasid.c	address spaces by format, for devices named by their cookies
 * mmap.c	what drivers show of vIOMMUs
 * derived.c	software nesting
 */
#ifndef __IOMMUFD_NESTING_H
#define __IOMMUFD_NESTING_H

#include <linux/iommu-nesting.h>

#include "iommufd_private.h"

/*
 * Formats
 */
const struct iommu_user_ops *iommufd_user_ops(struct iommufd_device *idev);
void iommufd_format_invalidation(const struct iommu_user_format *format,
				 u32 *type, u32 *len);
const struct iommu_user_format *iommufd_find_format(struct iommufd_device *idev,
						    u32 type);
const struct iommu_viommu_ops *
iommufd_find_viommu_type(struct iommufd_device *idev, u32 type);
bool iommufd_format_suits(const struct iommu_user_format *format,
			  struct device *dev);
bool iommufd_has_format(struct device *dev);
bool iommufd_reports_faults(struct iommufd_device *idev);

/**
 * struct iommufd_user_data - data of user space in the layout of a driver
 * @type: of the layout
 * @len: bytes
 * @uptr: where they are
 */
struct iommufd_user_data {
	u32 type;
	u32 len;
	void __user *uptr;
};

/* The most invalidations that a command can have */
#define IOMMUFD_ENTRIES_MAX BIT(19)

int iommufd_copy_user_data(void *data, u32 min, u32 max,
			   const struct iommufd_user_data *user);

/**
 * struct iommufd_entries - invalidations of user space
 * @type: of the layout of one
 * @len: bytes of one
 * @num: number of them
 * @uptr: where they are
 * @dev: the device that they are for, or NULL
 * @done: returns how many have been done
 */
struct iommufd_entries {
	u32 type;
	u32 len;
	u32 num;
	void __user *uptr;
	struct device *dev;
	u32 done;
};

int iommufd_for_entries(struct iommufd_entries *entries, u32 type, u32 len,
			bool whole,
			int (*invalidate)(void *target, struct device *dev,
					  const void *array, u32 num,
					  u32 *done),
			void *target);

/*
 * Nested hardware page tables
 */

/* A nested hardware page table, with a reference */
static inline struct iommufd_hwpt *iommufd_get_nested(struct iommufd_ctx *ictx,
						      u32 id)
{
	struct iommufd_object *obj =
		iommufd_object_get(ictx, id, IOMMUFD_OBJ_HWPT_NESTED);

	return IS_ERR(obj) ? ERR_CAST(obj) :
			     container_of(obj, struct iommufd_hwpt, obj);
}

struct iommufd_hwpt *iommufd_nested_alloc(struct iommufd_hwpt *parent,
					  struct iommufd_device *idev,
					  const struct iommufd_user_data *user,
					  bool make_viommu);
struct iommufd_hwpt *
iommufd_nested_alloc_on_viommu(struct iommufd_viommu *viommu,
			       struct iommufd_device *idev,
			       const struct iommufd_user_data *user);
void iommufd_nested_abort(struct iommufd_hwpt *hwpt);
int iommufd_nested_suits(struct iommufd_hwpt *hwpt, struct device *dev);
int iommufd_nested_knows(struct iommufd_hwpt *hwpt,
			 struct iommufd_device *idev);
int iommufd_nested_invalidate(struct iommufd_hwpt *hwpt,
			      struct iommufd_entries *entries);

/*
 * vIOMMUs
 */

/**
 * struct iommufd_viommu - a vIOMMU that user space made
 * @obj: object
 * @ictx: context
 * @parent: of its nested tables; this is a user
 * @viommu: what the driver has
 * @queues_lock: protects @queues
 * @queues: struct iommufd_veventq
 */
struct iommufd_viommu {
	struct iommufd_object obj;
	struct iommufd_ctx *ictx;
	struct iommufd_hwpt *parent;
	struct iommu_viommu *viommu;
	spinlock_t queues_lock;
	struct list_head queues;
};

static inline struct iommufd_viommu *iommufd_get_viommu(struct iommufd_ctx *ictx,
							u32 id)
{
	struct iommufd_object *obj =
		iommufd_object_get(ictx, id, IOMMUFD_OBJ_VIOMMU);

	return IS_ERR(obj) ? ERR_CAST(obj) :
			     container_of(obj, struct iommufd_viommu, obj);
}

/**
 * struct iommufd_vdevice - a device behind a vIOMMU
 * @obj: object
 * @idev: the device. If it is unbound, this is destroyed before
 * @viommu: the vIOMMU; this is a user
 * @vdevice: what the driver has
 */
struct iommufd_vdevice {
	struct iommufd_object obj;
	struct iommufd_device *idev;
	struct iommufd_viommu *viommu;
	struct iommu_vdevice *vdevice;
};

struct iommu_viommu *iommufd_viommu_create(const struct iommu_viommu_ops *type,
					   struct iommu_domain *parent,
					   struct device *dev,
					   struct iommufd_viommu *owner,
					   void *data);
void iommufd_viommu_free(struct iommu_viommu *viommu);
int iommufd_viommu_invalidate(struct iommu_viommu *viommu,
			      struct iommufd_entries *entries);

u64 iommufd_mmap_offset(const struct iommufd_viommu *viommu);
int iommufd_veventq_report(struct iommu_viommu *viommu, u32 type,
			   const void *data, size_t len);

/*
 * Software nesting
 */
int iommufd_ioas_add_child(struct iommufd_ioas *parent,
			   struct iommufd_ioas *child);
void iommufd_ioas_remove_child(struct iommufd_ioas *child);
struct iommufd_area *iommufd_area_alloc_copy(struct iommufd_ioas *dst,
					     struct iommufd_area *area,
					     unsigned long iova,
					     unsigned long length, u16 prot);
void iommufd_area_free_derived(struct iommufd_area *area);
void iommufd_area_link(struct iommufd_area *area);
void iommufd_area_unlink(struct iommufd_area *area);
struct iommufd_area *iommufd_ioas_next_derived(struct iommufd_ioas *child,
					       unsigned long iova,
					       unsigned long last);
int iommufd_ioas_lock_copy(struct iommufd_ioas *src, struct iommufd_ioas *dst);
void iommufd_ioas_unlock_copy(struct iommufd_ioas *dst);
void iommufd_ioas_lose(struct iommufd_ioas *parent, unsigned long iova,
		       unsigned long last);

#endif
