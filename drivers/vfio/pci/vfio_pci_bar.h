/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIO_PCI_BAR_H
#define VFIO_PCI_BAR_H

#include <linux/mm.h>
#include <linux/rwsem.h>
#include <linux/vfio_pci_core.h>

#ifdef CONFIG_DEVICE_MEMORY
void vfio_pci_bars_init(const struct vm_operations_struct *vm_ops);
void vfio_pci_bars_exit(void);
void vfio_pci_bars_open(struct vfio_pci_core_device *vdev);
void vfio_pci_bars_close(struct vfio_pci_core_device *vdev);
void vfio_pci_bars_block(struct vfio_pci_core_device *vdev);
void vfio_pci_bars_unblock(struct vfio_pci_core_device *vdev);
void vfio_pci_up_write_memory_lock(struct vfio_pci_core_device *vdev);
int vfio_pci_core_feature_dma_buf(struct vfio_device *device, u32 flags,
				  void __user *arg, size_t argsz);
#else
static inline void vfio_pci_bars_init(const struct vm_operations_struct *vm_ops)
{
}

static inline void vfio_pci_bars_exit(void)
{
}

static inline void vfio_pci_bars_open(struct vfio_pci_core_device *vdev)
{
}

static inline void vfio_pci_bars_close(struct vfio_pci_core_device *vdev)
{
}

static inline void vfio_pci_bars_block(struct vfio_pci_core_device *vdev)
{
}

static inline void vfio_pci_bars_unblock(struct vfio_pci_core_device *vdev)
{
}

static inline void
vfio_pci_up_write_memory_lock(struct vfio_pci_core_device *vdev)
{
	up_write(&vdev->memory_lock);
}

static inline int
vfio_pci_core_feature_dma_buf(struct vfio_device *device, u32 flags,
			      void __user *arg, size_t argsz)
{
	return -ENOTTY;
}
#endif

#endif
