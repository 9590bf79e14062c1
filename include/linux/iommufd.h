/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/iommu for drivers that give devices to user space.
 *
 * A driver binds a device to an IOMMU fd, attaches it to an I/O address space
 * of that fd as user space says, and undoes both. Between bind and attach, and
 * after detach, the device cannot do DMA. Groups, page tables and reserved
 * ranges are not the driver's business.
 *
 * Documentation/driver-api/iommufd.rst describes life cycle and locking.
 */
#ifndef __LINUX_IOMMUFD_H
#define __LINUX_IOMMUFD_H

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/pci.h>
#include <linux/types.h>

struct device;
struct file;
struct iommufd_ctx;
struct iommufd_device;

/* What iommufd_ctx_dev_id() answers for devices that have no ID */
#define IOMMUFD_DEV_ID_OWNED 0
#define IOMMUFD_DEV_ID_NOT_OWNED U32_MAX

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
#endif /* CONFIG_IOMMUFD */

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
#if IS_ENABLED(CONFIG_IOMMUFD)
	return iommufd_device_bind(ictx, &pdev->dev, cookie, dev_id);
#else
	return ERR_PTR(-EOPNOTSUPP);
#endif
}

#endif
