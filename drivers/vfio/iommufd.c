// SPDX-License-Identifier: GPL-2.0-only
/*
 * What VFIO asks of an IOMMU fd on behalf of a device
 *
 * A device is bound to one IOMMU fd while user space has it open through its
 * character device. The VFIO core does this for every driver of a physical
 * device, drivers are not involved: vfio_iommufd_bind() comes before the
 * driver's open_device, and vfio_iommufd_unbind() after its close_device.
 * Between them the device is attached to at most one I/O address space.
 *
 * vfio_device.iommufd_device is non-NULL from bind to unbind, which is also
 * the test for a device that is open in this way. Both members in struct
 * vfio_device are under the lock of the device set. iommufd_device may be read
 * without it by whoever keeps the device open, such as the driver's ioctls.
 *
 * The binding keeps the IOMMU fd's objects alive, whether or not user space has
 * closed the fd.
 */
#include <linux/iommufd.h>
#include <linux/module.h>
#include <linux/vfio.h>

#include "vfio.h"

int vfio_iommufd_bind(struct vfio_device *device, struct iommufd_ctx *ictx,
		      const u64 *cookie, u32 *dev_id)
{
	struct iommufd_device *idev;

	lockdep_assert_held(&device->dev_set->lock);

	idev = iommufd_device_bind(ictx, device->dev, cookie, dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);

	device->iommufd_device = idev;
	return 0;
}

void vfio_iommufd_unbind(struct vfio_device *device)
{
	vfio_iommufd_detach(device);
	iommufd_device_unbind(device->iommufd_device);
	device->iommufd_device = NULL;
}

int vfio_iommufd_attach(struct vfio_device *device, u32 *pt_id)
{
	int ret;

	lockdep_assert_held(&device->dev_set->lock);

	if (device->iommufd_attached)
		return iommufd_device_replace(device->iommufd_device, pt_id);

	ret = iommufd_device_attach(device->iommufd_device, pt_id);
	if (!ret)
		device->iommufd_attached = true;
	return ret;
}

void vfio_iommufd_detach(struct vfio_device *device)
{
	lockdep_assert_held(&device->dev_set->lock);

	if (!device->iommufd_attached)
		return;
	iommufd_device_detach(device->iommufd_device);
	device->iommufd_attached = false;
}

/**
 * vfio_iommufd_dev_id() - what a device is to the IOMMU fd of another one
 * @device: a device that is bound to an IOMMU fd, kept open by the caller
 * @dev: the device to ask about, perhaps the same
 *
 * Return: the ID of @dev in the IOMMU fd of @device; VFIO_PCI_DEVID_OWNED if it
 * is not bound, but its group's DMA belongs to that IOMMU fd; otherwise
 * VFIO_PCI_DEVID_NOT_OWNED. Binding and unbinding can change the answer, which
 * the lock of the set of @dev prevents.
 */
u32 vfio_iommufd_dev_id(struct vfio_device *device, struct device *dev)
{
	return iommufd_ctx_dev_id(iommufd_device_ctx(device->iommufd_device),
				  dev);
}
EXPORT_SYMBOL_GPL(vfio_iommufd_dev_id);
