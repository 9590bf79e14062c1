// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/iommu: the device node, its ioctls, and the life of a descriptor.
 *
 * Every ioctl is an entry of one table: its number, the struct it takes, the
 * last member of the struct that every caller has, and its handler. The struct
 * is copied in once, here, with all size rules of the uAPI applied, so that a
 * handler starts from a struct that is complete. A handler that has results
 * writes them to the struct and calls iommufd_respond(). The ioctls of a VFIO
 * container, which have lower numbers, are served by vfio_compat.c.
 *
 * A context lives as long as its file. Kernel users of a context (bound
 * devices) hold the file: a context is released when user space has closed it
 * and every device has been unbound, and then destroys what is left.
 */
#define pr_fmt(fmt) "iommufd: " fmt

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "iommufd_private.h"
#ifdef CONFIG_IOMMUFD_TEST
#include "iommufd_test.h"
#endif

union iommufd_cmd {
	struct iommu_destroy destroy;
	struct iommu_device_get_info device_get_info;
	struct iommu_fault_alloc fault_alloc;
	struct iommu_hw_info hw_info;
	struct iommu_hwpt_alloc hwpt_alloc;
	struct iommu_hwpt_get_dirty_bitmap get_dirty_bitmap;
	struct iommu_hwpt_invalidate hwpt_invalidate;
	struct iommu_hwpt_set_dirty_tracking set_dirty_tracking;
	struct iommu_ioas_alloc ioas_alloc;
	struct iommu_ioas_allow_iovas allow_iovas;
	struct iommu_ioas_copy copy;
	struct iommu_ioas_iova_ranges iova_ranges;
	struct iommu_ioas_change_process change_process;
	struct iommu_ioas_map map;
	struct iommu_ioas_map_file map_file;
	struct iommu_ioas_noiommu_get_pa noiommu_get_pa;
	struct iommu_ioas_unmap unmap;
	struct iommu_ioasid_alloc ioasid_alloc;
	struct iommu_ioasid_invalidate ioasid_invalidate;
	struct iommu_memory_register memory_register;
	struct iommu_option option;
	struct iommu_vdevice_alloc vdevice_alloc;
	struct iommu_veventq_alloc veventq_alloc;
	struct iommu_vfio_ioas vfio_ioas;
	struct iommu_viommu_alloc viommu_alloc;
#ifdef CONFIG_IOMMUFD_TEST
	struct iommu_test_cmd test;
#endif
};

/**
 * struct iommufd_ioctl - an entry of the table
 * @cmd: full ioctl command
 * @size: of the struct as the kernel knows it
 * @min_size: of the struct as it was first published
 * @handler: does it
 */
struct iommufd_ioctl {
	unsigned int cmd;
	unsigned int size;
	unsigned int min_size;
	int (*handler)(struct iommufd_call *call);
};

#define IOCTL(_cmd, _handler, _struct, _last)                          \
	[_IOC_NR(_cmd) - IOMMUFD_CMD_BASE] = {                         \
		.cmd = _cmd,                                           \
		.size = sizeof(_struct) +                              \
			BUILD_BUG_ON_ZERO(sizeof(union iommufd_cmd) <  \
					  sizeof(_struct)),            \
		.min_size = offsetofend(_struct, _last),               \
		.handler = _handler,                                   \
	}

static const struct iommufd_ioctl iommufd_ioctls[] = {
	IOCTL(IOMMU_DESTROY, iommufd_destroy, struct iommu_destroy, id),
	IOCTL(IOMMU_DEVICE_GET_INFO, iommufd_device_get_info,
	      struct iommu_device_get_info, ranges),
	IOCTL(IOMMU_FAULT_QUEUE_ALLOC, iommufd_fault_queue_alloc_ioctl,
	      struct iommu_fault_alloc, out_fault_fd),
	IOCTL(IOMMU_GET_HW_INFO, iommufd_get_hw_info, struct iommu_hw_info,
	      __reserved),
	IOCTL(IOMMU_HWPT_ALLOC, iommufd_hwpt_alloc_ioctl,
	      struct iommu_hwpt_alloc, __reserved),
	IOCTL(IOMMU_HWPT_GET_DIRTY_BITMAP, iommufd_hwpt_get_dirty_bitmap,
	      struct iommu_hwpt_get_dirty_bitmap, data),
	IOCTL(IOMMU_HWPT_INVALIDATE, iommufd_hwpt_invalidate,
	      struct iommu_hwpt_invalidate, __reserved),
	IOCTL(IOMMU_HWPT_SET_DIRTY_TRACKING, iommufd_hwpt_set_dirty_tracking,
	      struct iommu_hwpt_set_dirty_tracking, __reserved),
	IOCTL(IOMMU_IOAS_ALLOC, iommufd_ioas_alloc_ioctl,
	      struct iommu_ioas_alloc, out_ioas_id),
	IOCTL(IOMMU_IOAS_ALLOW_IOVAS, iommufd_ioas_allow_iovas,
	      struct iommu_ioas_allow_iovas, allowed_iovas),
	IOCTL(IOMMU_IOAS_CHANGE_PROCESS, iommufd_ioas_change_process,
	      struct iommu_ioas_change_process, __reserved),
	IOCTL(IOMMU_IOAS_COPY, iommufd_ioas_copy, struct iommu_ioas_copy,
	      src_iova),
	IOCTL(IOMMU_IOAS_IOVA_RANGES, iommufd_ioas_iova_ranges,
	      struct iommu_ioas_iova_ranges, out_iova_alignment),
	IOCTL(IOMMU_IOAS_MAP, iommufd_ioas_map, struct iommu_ioas_map, iova),
	IOCTL(IOMMU_IOAS_MAP_FILE, iommufd_ioas_map_file,
	      struct iommu_ioas_map_file, iova),
#ifdef CONFIG_IOMMUFD_NOIOMMU
	IOCTL(IOMMU_IOAS_NOIOMMU_GET_PA, iommufd_ioas_noiommu_get_pa,
	      struct iommu_ioas_noiommu_get_pa, out_phys),
#endif
	IOCTL(IOMMU_IOAS_UNMAP, iommufd_ioas_unmap, struct iommu_ioas_unmap,
	      length),
	IOCTL(IOMMU_IOASID_ALLOC, iommufd_ioasid_alloc,
	      struct iommu_ioasid_alloc, out_refused),
	IOCTL(IOMMU_IOASID_INVALIDATE, iommufd_ioasid_invalidate,
	      struct iommu_ioasid_invalidate, num_entries),
	IOCTL(IOMMU_MEMORY_REGISTER, iommufd_memory_register,
	      struct iommu_memory_register, __reserved),
	IOCTL(IOMMU_OPTION, iommufd_option, struct iommu_option, val64),
	IOCTL(IOMMU_VDEVICE_ALLOC, iommufd_vdevice_alloc_ioctl,
	      struct iommu_vdevice_alloc, virt_id),
	IOCTL(IOMMU_VEVENTQ_ALLOC, iommufd_veventq_alloc_ioctl,
	      struct iommu_veventq_alloc, out_veventq_fd),
	IOCTL(IOMMU_VFIO_IOAS, iommufd_vfio_ioas, struct iommu_vfio_ioas,
	      __reserved),
	IOCTL(IOMMU_VIOMMU_ALLOC, iommufd_viommu_alloc_ioctl,
	      struct iommu_viommu_alloc, out_viommu_id),
#ifdef CONFIG_IOMMUFD_TEST
	IOCTL(IOMMU_TEST_CMD, iommufd_test, struct iommu_test_cmd, last),
#endif
};

static long iommufd_fops_ioctl(struct file *file, unsigned int cmd,
			       unsigned long arg)
{
	struct iommufd_call call = {
		.ictx = file->private_data,
		.ubuffer = (void __user *)arg,
	};
	const struct iommufd_ioctl *ioctl;
	unsigned int nr = _IOC_NR(cmd);
	union iommufd_cmd buf;
	int rc;

	/* VFIO's ioctls have structs, and rules, of another kind */
	if (nr < IOMMUFD_CMD_BASE)
		return iommufd_vfio_ioctl(call.ictx, cmd, arg);
	if (nr - IOMMUFD_CMD_BASE >= ARRAY_SIZE(iommufd_ioctls))
		return -ENOTTY;
	ioctl = &iommufd_ioctls[nr - IOMMUFD_CMD_BASE];
	if (cmd != ioctl->cmd)
		return -ENOTTY;

	/* Every struct begins with a u32 that has its size */
	rc = get_user(call.user_size, (u32 __user *)call.ubuffer);
	if (rc)
		return rc;
	if (call.user_size < ioctl->min_size)
		return -EINVAL;
	rc = copy_struct_from_user(&buf, ioctl->size, call.ubuffer,
				   call.user_size);
	if (rc)
		return rc;
	call.cmd = &buf;
	return ioctl->handler(&call);
}

static bool opened_as_container(struct file *file);

static int iommufd_fops_open(struct inode *inode, struct file *file)
{
	static atomic64_t last_number;
	struct iommufd_ctx *ictx;

	ictx = kzalloc(sizeof(*ictx), GFP_KERNEL_ACCOUNT);
	if (!ictx)
		return -ENOMEM;
	xa_init_flags(&ictx->objects, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	init_waitqueue_head(&ictx->object_gone);
	mutex_init(&ictx->groups_lock);
	INIT_LIST_HEAD(&ictx->groups);
	INIT_LIST_HEAD(&ictx->devices);
	INIT_LIST_HEAD(&ictx->accesses);
	spin_lock_init(&ictx->sources_lock);
	INIT_LIST_HEAD(&ictx->sources);
	spin_lock_init(&ictx->memories_lock);
	INIT_LIST_HEAD(&ictx->memories);
	mutex_init(&ictx->change_lock);
	device_memory_init_listener(&ictx->memory_listener,
				    iommufd_memory_changed);
	iommufd_vfio_init(ictx);
	/* A container has always charged the process */
	ictx->free_mode = opened_as_container(file);
	ictx->rlimit_mode = ictx->free_mode;
	ictx->file = file;
	ictx->number = atomic64_inc_return(&last_number);
	file->private_data = ictx;
	iommufd_debugfs_add(ictx);
	return 0;
}

static int iommufd_fops_release(struct inode *inode, struct file *file)
{
	struct iommufd_ctx *ictx = file->private_data;

	iommufd_debugfs_remove(ictx);
	iommufd_object_destroy_all(ictx);
	WARN_ON(!list_empty(&ictx->groups));
	WARN_ON(!list_empty(&ictx->vfio.groups));
	WARN_ON(!list_empty(&ictx->sources));
	device_memory_end_listener(&ictx->memory_listener);
	kfree(ictx);
	return 0;
}

static int iommufd_fops_mmap(struct file *file, struct vm_area_struct *vma)
{
	return iommufd_mmap(file->private_data, vma);
}

static const struct file_operations iommufd_fops = {
	.owner = THIS_MODULE,
	.open = iommufd_fops_open,
	.release = iommufd_fops_release,
	.unlocked_ioctl = iommufd_fops_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
	.mmap = iommufd_fops_mmap,
	.show_fdinfo = iommufd_show_fdinfo,
};

/**
 * iommufd_ctx_from_file() - the context behind an open /dev/iommu
 * @file: any file
 *
 * Return: the context with a reference for the caller, who drops it with
 * iommufd_ctx_put(); ERR_PTR(-EBADFD) for a file of another kind.
 */
struct iommufd_ctx *iommufd_ctx_from_file(struct file *file)
{
	if (file->f_op != &iommufd_fops)
		return ERR_PTR(-EBADFD);
	get_file(file);
	return file->private_data;
}
EXPORT_SYMBOL_GPL(iommufd_ctx_from_file);

/**
 * iommufd_ctx_from_fd() - the context behind a descriptor of the caller
 * @fd: descriptor of the current process
 *
 * Return: as iommufd_ctx_from_file(), and ERR_PTR(-EBADF) if @fd is not open.
 */
struct iommufd_ctx *iommufd_ctx_from_fd(int fd)
{
	struct file *file = fget(fd);
	struct iommufd_ctx *ictx;

	if (!file)
		return ERR_PTR(-EBADF);
	ictx = iommufd_ctx_from_file(file);
	fput(file);
	return ictx;
}
EXPORT_SYMBOL_GPL(iommufd_ctx_from_fd);

/**
 * iommufd_ctx_get() - take another reference
 * @ictx: context that the caller has a reference to
 */
void iommufd_ctx_get(struct iommufd_ctx *ictx)
{
	get_file(ictx->file);
}
EXPORT_SYMBOL_GPL(iommufd_ctx_get);

/**
 * iommufd_ctx_put() - drop a reference
 * @ictx: context; not to be used by the caller from here on
 */
void iommufd_ctx_put(struct iommufd_ctx *ictx)
{
	fput(ictx->file);
}
EXPORT_SYMBOL_GPL(iommufd_ctx_put);

static struct miscdevice iommufd_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "iommu",
	.fops = &iommufd_fops,
	.nodename = "iommu",
	.mode = 0660,
};

#ifdef CONFIG_IOMMUFD_VFIO_CONTAINER
static struct miscdevice vfio_misc = {
	.minor = VFIO_MINOR,
	.name = "vfio",
	.fops = &iommufd_fops,
	.nodename = "vfio/vfio",
	.mode = 0666,
};

static bool opened_as_container(struct file *file)
{
	return file->private_data == &vfio_misc;
}

static int register_container(void)
{
	return misc_register(&vfio_misc);
}

static void unregister_container(void)
{
	misc_deregister(&vfio_misc);
}
#else
static bool opened_as_container(struct file *file)
{
	return false;
}

static int register_container(void)
{
	return 0;
}

static void unregister_container(void)
{
}
#endif

static int __init iommufd_init(void)
{
	int rc;

	rc = iommufd_area_cache_init();
	if (rc)
		return rc;
	rc = iommufd_test_init();
	if (rc)
		goto err_cache;
	rc = misc_register(&iommufd_misc);
	if (rc)
		goto err_test;
	rc = register_container();
	if (rc)
		goto err_misc;
	iommufd_debugfs_init();
	return 0;

err_misc:
	misc_deregister(&iommufd_misc);
err_test:
	iommufd_test_exit();
err_cache:
	iommufd_area_cache_exit();
	return rc;
}

static void __exit iommufd_exit(void)
{
	iommufd_debugfs_exit();
	unregister_container();
	misc_deregister(&iommufd_misc);
	iommufd_test_exit();
	iommufd_area_cache_exit();
}

module_init(iommufd_init);
module_exit(iommufd_exit);

#ifdef CONFIG_IOMMUFD_VFIO_CONTAINER
MODULE_ALIAS_MISCDEV(VFIO_MINOR);
MODULE_ALIAS("devname:vfio/vfio");
#endif
MODULE_IMPORT_NS(DMA_BUF);
MODULE_DESCRIPTION("I/O address spaces for user space (/dev/iommu)");
MODULE_LICENSE("GPL");
