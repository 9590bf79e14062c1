/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/iommu for drivers that give devices to user space.
 *
 * A driver binds a device to an IOMMU fd, attaches it to an I/O address space
 * of that fd as user space says, and undoes both. Between bind and attach, and
 * after detach, the IOMMU lets no DMA of the device through. Groups, page tables
 * and reserved ranges are not the driver's business.
 *
 * Documentation/driver-api/iommufd.rst describes life cycle and locking.
 */
#ifndef __LINUX_IOMMUFD_H
#define __LINUX_IOMMUFD_H

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/mdev.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/types.h>

struct device;
struct file;
struct iommufd_access;
struct iommufd_ctx;
struct iommufd_device;
struct iommufd_vfio_group;
struct iommu_group;
struct page;

/* What iommufd_ctx_dev_id() answers for devices that have no ID */
#define IOMMUFD_DEV_ID_OWNED 0
#define IOMMUFD_DEV_ID_NOT_OWNED U32_MAX

/* Flags of iommufd_access_pin_pages() and iommufd_access_rw() */
#define IOMMUFD_ACCESS_READ 0
#define IOMMUFD_ACCESS_WRITE BIT(0)

/**
 * struct iommufd_access_ops - what a user of an IOAS inside the kernel does
 * @needs_pin_pages: the user pins pages, so mappings must consist of whole ones
 * @unmap: memory goes away, a mapping at a time: unpin all that was pinned of
 *         these IOVAs before this returns. May be called for memory of which
 *         nothing is pinned. The user may take locks here that he also pins
 *         under; must not attach, replace, detach or destroy the access. NULL
 *         if the user never pins
 */
struct iommufd_access_ops {
	bool needs_pin_pages;
	void (*unmap)(void *data, unsigned long iova, unsigned long length);
};

/**
 * enum iommufd_vfio_group_type - kinds of groups in a container
 * @IOMMUFD_VFIO_GROUP_IOMMU: devices behind an IOMMU
 * @IOMMUFD_VFIO_GROUP_EMULATED: an emulated device
 * @IOMMUFD_VFIO_GROUP_NOIOMMU: a device that does DMA without an IOMMU
 */
enum iommufd_vfio_group_type {
	IOMMUFD_VFIO_GROUP_IOMMU,
	IOMMUFD_VFIO_GROUP_EMULATED,
	IOMMUFD_VFIO_GROUP_NOIOMMU,
};

/**
 * struct iommufd_vfio_group_ops - what VFIO does for its groups
 * @with_device: call a function for one device of the group that stays during
 *               the call, and return what it returns; -ENODEV if there is none
 * @noiommu_enabled: the administrator allows devices without IOMMU
 */
struct iommufd_vfio_group_ops {
	int (*with_device)(void *data,
			   int (*call)(struct device *dev, void *arg),
			   void *arg);
	bool (*noiommu_enabled)(void);
};

#if IS_ENABLED(CONFIG_IOMMUFD)
struct iommufd_ctx *iommufd_ctx_from_file(struct file *file);
struct iommufd_ctx *iommufd_ctx_from_fd(int fd);
void iommufd_ctx_get(struct iommufd_ctx *ictx);
void iommufd_ctx_put(struct iommufd_ctx *ictx);
u32 iommufd_ctx_dev_id(struct iommufd_ctx *ictx, struct device *dev);

struct iommufd_device *iommufd_device_bind(struct iommufd_ctx *ictx,
					   struct device *dev,
					   const u64 *cookie, u32 *dev_id);
void iommufd_device_unbind(struct iommufd_device *idev);
int iommufd_device_attach(struct iommufd_device *idev, u32 *pt_id);
int iommufd_device_replace(struct iommufd_device *idev, u32 *pt_id);
void iommufd_device_detach(struct iommufd_device *idev);
struct iommufd_ctx *iommufd_device_ctx(struct iommufd_device *idev);
bool iommufd_device_coherent(struct device *dev, struct iommufd_device *idev);

struct iommufd_access *
iommufd_access_create(struct iommufd_ctx *ictx,
		      const struct iommufd_access_ops *ops, void *data,
		      const u64 *cookie, u32 *id);
void iommufd_access_destroy(struct iommufd_access *access);
int iommufd_access_attach(struct iommufd_access *access, u32 ioas_id);
int iommufd_access_replace(struct iommufd_access *access, u32 ioas_id);
void iommufd_access_detach(struct iommufd_access *access);
int iommufd_access_pin_pages(struct iommufd_access *access, unsigned long iova,
			     unsigned long length, struct page **pages,
			     unsigned int flags);
void iommufd_access_unpin_pages(struct iommufd_access *access,
				unsigned long iova, unsigned long length);
int iommufd_access_rw(struct iommufd_access *access, unsigned long iova,
		      void *data, size_t length, unsigned int flags);
struct iommufd_ctx *iommufd_access_ctx(struct iommufd_access *access);

void iommufd_vfio_register(const struct iommufd_vfio_group_ops *ops);
void iommufd_vfio_unregister(void);
struct iommufd_vfio_group *
iommufd_vfio_group_add(struct iommufd_ctx *ictx, struct iommu_group *group,
		       enum iommufd_vfio_group_type type, void *data);
void iommufd_vfio_group_remove(struct iommufd_vfio_group *vgroup);
bool iommufd_vfio_group_ready(struct iommufd_vfio_group *vgroup);
bool iommufd_vfio_group_coherent(struct iommufd_vfio_group *vgroup);
struct iommufd_ctx *iommufd_vfio_group_ctx(struct iommufd_vfio_group *vgroup);
u32 iommufd_vfio_group_ioas(struct iommufd_vfio_group *vgroup);
#else
static inline struct iommufd_ctx *iommufd_ctx_from_file(struct file *file)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline struct iommufd_ctx *iommufd_ctx_from_fd(int fd)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline void iommufd_ctx_put(struct iommufd_ctx *ictx)
{
}

static inline struct iommufd_device *
iommufd_device_bind(struct iommufd_ctx *ictx, struct device *dev,
		    const u64 *cookie, u32 *dev_id)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline void iommufd_device_unbind(struct iommufd_device *idev)
{
}

static inline int iommufd_device_attach(struct iommufd_device *idev,
					u32 *pt_id)
{
	return -EOPNOTSUPP;
}

static inline int iommufd_device_replace(struct iommufd_device *idev,
					 u32 *pt_id)
{
	return -EOPNOTSUPP;
}

static inline void iommufd_device_detach(struct iommufd_device *idev)
{
}

static inline struct iommufd_access *
iommufd_access_create(struct iommufd_ctx *ictx,
		      const struct iommufd_access_ops *ops, void *data,
		      const u64 *cookie, u32 *id)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline void iommufd_access_destroy(struct iommufd_access *access)
{
}

static inline int iommufd_access_attach(struct iommufd_access *access,
					u32 ioas_id)
{
	return -EOPNOTSUPP;
}

static inline int iommufd_access_replace(struct iommufd_access *access,
					 u32 ioas_id)
{
	return -EOPNOTSUPP;
}

static inline void iommufd_access_detach(struct iommufd_access *access)
{
}

static inline int iommufd_access_pin_pages(struct iommufd_access *access,
					   unsigned long iova,
					   unsigned long length,
					   struct page **pages,
					   unsigned int flags)
{
	return -EOPNOTSUPP;
}

static inline void iommufd_access_unpin_pages(struct iommufd_access *access,
					      unsigned long iova,
					      unsigned long length)
{
}

static inline int iommufd_access_rw(struct iommufd_access *access,
				    unsigned long iova, void *data,
				    size_t length, unsigned int flags)
{
	return -EOPNOTSUPP;
}
#endif /* CONFIG_IOMMUFD */

#if IS_ENABLED(CONFIG_IOMMUFD_NOIOMMU)
struct iommufd_device *iommufd_device_bind_noiommu(struct iommufd_ctx *ictx,
						   struct device *dev,
						   const u64 *cookie,
						   u32 *dev_id);
#else
static inline struct iommufd_device *
iommufd_device_bind_noiommu(struct iommufd_ctx *ictx, struct device *dev,
			    const u64 *cookie, u32 *dev_id)
{
	return ERR_PTR(-EOPNOTSUPP);
}
#endif

/**
 * iommufd_pci_bind() - bind a PCI function to an IOMMU fd
 * @ictx: the IOMMU fd
 * @pdev: the function, with no driver but the caller's using its DMA
 * @cookie: label that user space chose, or NULL
 * @dev_id: returns the device's object ID
 *
 * iommufd_device_bind() for PCI drivers.
 *
 * Return: the bound device, or an ERR_PTR as of iommufd_device_bind().
 */
static inline struct iommufd_device *
iommufd_pci_bind(struct iommufd_ctx *ictx, struct pci_dev *pdev,
		 const u64 *cookie, u32 *dev_id)
{
	return iommufd_device_bind(ictx, &pdev->dev, cookie, dev_id);
}

/**
 * iommufd_platform_bind() - bind a platform device to an IOMMU fd
 * @ictx: the IOMMU fd
 * @pdev: the device, with no driver but the caller's using its DMA
 * @cookie: label that user space chose, or NULL
 * @dev_id: returns the device's object ID
 *
 * iommufd_device_bind() for drivers of platform devices.
 *
 * Return: the bound device, or an ERR_PTR as of iommufd_device_bind().
 */
static inline struct iommufd_device *
iommufd_platform_bind(struct iommufd_ctx *ictx, struct platform_device *pdev,
		      const u64 *cookie, u32 *dev_id)
{
	return iommufd_device_bind(ictx, &pdev->dev, cookie, dev_id);
}

/**
 * iommufd_mdev_bind() - let a mediated device work on an IOMMU fd
 * @ictx: the IOMMU fd
 * @mdev: the device; its driver data is what @ops are called with
 * @ops: what the driver does
 * @cookie: label that user space chose, or NULL
 * @id: returns the ID of the access
 *
 * iommufd_access_create() for drivers of mediated devices that are not VFIO's: of
 * those, VFIO does it.
 *
 * Return: the access, or an ERR_PTR as of iommufd_access_create().
 */
static inline struct iommufd_access *
iommufd_mdev_bind(struct iommufd_ctx *ictx, struct mdev_device *mdev,
		  const struct iommufd_access_ops *ops, const u64 *cookie,
		  u32 *id)
{
	return iommufd_access_create(ictx, ops, dev_get_drvdata(&mdev->dev),
				     cookie, id);
}

#endif
