// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/PID/fdinfo/FD of an IOMMU fd: how many objects of each kind it has, how
 * much is mapped and how much memory is pinned.
 *
 * Nothing here waits for an ioctl. An object is held by a reference while it is
 * looked at, which takes the xa_lock; the bytes that an IOAS maps are counted
 * under its iova_lock, and are read without; the pages that are pinned of a
 * source are an atomic counter. So the numbers are not of one moment if other threads
 * are at work. /proc holds the file meanwhile, and with it the context.
 */
#include <linux/fs.h>
#include <linux/seq_file.h>

#include "iommufd_private.h"

static unsigned long pinned_pages(struct iommufd_ctx *ictx)
{
	struct iommufd_source *source;
	unsigned long pages = 0;

	spin_lock(&ictx->sources_lock);
	list_for_each_entry(source, &ictx->sources, entry)
		pages += atomic_long_read(&source->pinned);
	spin_unlock(&ictx->sources_lock);
	return pages;
}

void iommufd_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct iommufd_ctx *ictx = file->private_data;
	unsigned long count[IOMMUFD_OBJ_MAX] = {};
	struct iommufd_object *obj;
	unsigned long mapped = 0;
	unsigned int type;
	u32 id = 0;

	while ((obj = iommufd_object_next(ictx, IOMMUFD_OBJ_ANY, &id))) {
		count[obj->type]++;
		if (obj->type == IOMMUFD_OBJ_IOAS)
			mapped += READ_ONCE(container_of(obj, struct iommufd_ioas,
							 obj)->mapped);
		iommufd_object_put(ictx, obj);
		cond_resched();
	}

	seq_printf(m, "iommu-fd:\t%llu\n", ictx->number);
	for (type = IOMMUFD_OBJ_ANY + 1; type < IOMMUFD_OBJ_MAX; type++)
		seq_printf(m, "iommu-%s:\t%lu\n", iommufd_object_ops[type].name,
			   count[type]);
	seq_printf(m, "iommu-mapped-bytes:\t%lu\n", mapped);
	seq_printf(m, "iommu-pinned-bytes:\t%lu\n",
		   pinned_pages(ictx) << PAGE_SHIFT);
}
