// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory files as a source of memory: memfd, hugetlbfs.
 *
 * Pages are pinned by their offset in the file. No process needs to have the
 * file mapped, and the source holds the file. So nothing of an IOAS that maps
 * files only belongs to a process but the charge for what is pinned, and that
 * can be moved to another process, which takes over the IOMMU fd.
 */
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/memory_file.h>

#include "iommufd_private.h"

static long pin_file_memory(struct iommufd_source *source, unsigned long pos,
			    unsigned long npages, bool writeable,
			    struct page **pages)
{
	return pin_memory_file_pages(source->object, pos >> PAGE_SHIFT, npages,
				     writeable, pages);
}

static void init_file_source(struct iommufd_source *source, void *object)
{
	get_file(object);
}

static void release_file_source(struct iommufd_source *source)
{
	fput(source->object);
}

const struct iommufd_source_ops iommufd_file_memory = {
	.init = init_file_source,
	.release = release_file_source,
	.pin = pin_file_memory,
	.payer_changes = true,
};

static int check_file(struct file *file, u64 start, u64 length, u32 flags)
{
	if (!is_memory_file(file))
		return -EINVAL;
	/* The last page belongs to the file as a whole */
	if (start + (length - 1) >= PAGE_ALIGN(i_size_read(file_inode(file))))
		return -EINVAL;
	return may_pin_memory_file(file, flags & IOMMU_IOAS_MAP_WRITEABLE);
}

static int map_file(struct iommufd_call *call, struct file *file)
{
	struct iommu_ioas_map_file __user *ucmd = call->ubuffer;
	struct iommu_ioas_map_file *cmd = call->cmd;
	struct iommufd_source *source;
	int rc;

	rc = check_file(file, cmd->start, cmd->length, cmd->flags);
	if (rc)
		return rc;
	source = iommufd_source_get(call->ictx, &iommufd_file_memory, file);
	return iommufd_ioas_map_source(call->ictx, cmd->ioas_id, source,
				       cmd->start, cmd->length, cmd->flags,
				       cmd->iova, &ucmd->iova);
}

int iommufd_ioas_map_file(struct iommufd_call *call)
{
	struct iommu_ioas_map_file *cmd = call->cmd;
	struct dma_buf *dmabuf;
	struct file *file;
	int rc;

	rc = iommufd_ioas_check_map(cmd->flags, cmd->start, cmd->length,
				    cmd->iova);
	if (rc)
		return rc;
	dmabuf = dma_buf_get(cmd->fd);
	if (!IS_ERR(dmabuf)) {
		rc = iommufd_ioas_map_dma_buf(call, dmabuf);
		dma_buf_put(dmabuf);
		return rc;
	}
	file = fget(cmd->fd);
	if (!file)
		return -EBADF;
	rc = map_file(call, file);
	fput(file);
	return rc;
}

int iommufd_ioas_change_process(struct iommufd_call *call)
{
	struct iommu_ioas_change_process *cmd = call->cmd;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	return iommufd_sources_change_payer(call->ictx);
}
