// SPDX-License-Identifier: GPL-2.0-only
#include "edu_device.h"
#include "../../../iommu/vfio-device.h"

int edu_device_open(struct edu_device *dev, const char *bdf)
{
	memset(dev, 0, sizeof(*dev));
	dev->fd = vfio_open_cdev(bdf);
	return dev->fd < 0 ? dev->fd : 0;
}

void edu_device_close(struct edu_device *dev)
{
	edu_close(&dev->engine);
	if (dev->fd >= 0)
		close(dev->fd);
	dev->fd = -1;
}

int edu_device_bind_flags(struct edu_device *dev, int iommufd, __u32 flags,
			  __u64 cookie)
{
	struct vfio_device_bind_iommufd cmd = {
		.argsz = sizeof(cmd),
		.flags = flags,
		.iommufd = iommufd,
		.dev_cookie = cookie,
	};
	int rc = iommu_ioctl(dev->fd, VFIO_DEVICE_BIND_IOMMUFD, &cmd);

	if (rc)
		return rc;
	dev->dev_id = cmd.out_devid;
	return edu_open(&dev->engine, dev->fd);
}

int edu_device_bind(struct edu_device *dev, int iommufd, __u64 cookie)
{
	return edu_device_bind_flags(dev, iommufd, VFIO_DEVICE_BIND_FLAG_COOKIE,
				     cookie);
}

int edu_device_attach(struct edu_device *dev, __u32 *pt_id)
{
	struct vfio_device_attach_iommufd_pt cmd = {
		.argsz = sizeof(cmd),
		.pt_id = *pt_id,
	};
	int rc = iommu_ioctl(dev->fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd);

	if (!rc)
		*pt_id = cmd.pt_id;
	return rc;
}

int edu_device_detach(struct edu_device *dev)
{
	struct vfio_device_detach_iommufd_pt cmd = { .argsz = sizeof(cmd) };

	return iommu_ioctl(dev->fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd);
}

int edu_device_enable_msi(struct edu_device *dev, int event)
{
	struct {
		struct vfio_irq_set set;
		__s32 event;
	} cmd = {
		.set = {
			.argsz = sizeof(cmd),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD |
				 VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = VFIO_PCI_MSI_IRQ_INDEX,
			.count = 1,
		},
		.event = event,
	};

	return iommu_ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, &cmd);
}

int edu_device_disable_msi(struct edu_device *dev)
{
	struct vfio_irq_set cmd = {
		.argsz = sizeof(cmd),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSI_IRQ_INDEX,
	};

	return iommu_ioctl(dev->fd, VFIO_DEVICE_SET_IRQS, &cmd);
}
