// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device memory as a source: BARs that devices do DMA to, peer to peer.
 *
 * It comes from a mapping of the caller (IOMMU_IOAS_MAP), as of a BAR of a
 * device that he has open, or from a DMA-BUF (IOMMU_IOAS_MAP_FILE). Nothing is
 * pinned, nobody is charged: an area of such a source is in the tables while
 * the memory is available, and stays an area without an entry in any table
 * while it is not (area->absent). The driver of the memory decides that, and
 * goes on with a reset, for example, only when iommufd_memory_changed() has
 * taken the memory out of every table.
 *
 * Locking: mmio_lock of the IOAS is held to put an area into the tables or to
 * take it out, and to change the set of tables. It is never held while memory of
 * user space is touched: who changes the state of the memory waits for nobody's
 * memory. An area that comes later sees the new state.
 */
#include <linux/device_memory.h>
#include <linux/dma-buf.h>
#include <linux/mm.h>

#include "iommufd_private.h"

static struct device_memory *area_memory(struct iommufd_area *area)
{
	return area->source->memory_user.memory;
}

static int map_table(struct iommufd_area *area, struct iommufd_hwpt *hwpt)
{
	struct iommu_run run = {
		.phys = area_memory(area)->phys + area->pos,
		.length = iommufd_area_length(area),
	};

	return iommufd_table_map(hwpt->domain, area->iova, &run, 1, area->prot,
				 area->ioas->huge_pages);
}

static void unmap_table(struct iommufd_area *area, struct iommufd_hwpt *hwpt)
{
	iommufd_table_unmap(hwpt->domain, area->iova,
			    iommufd_area_length(area));
}

static int map_tables(struct iommufd_area *area)
{
	struct iommufd_ioas *ioas = area->ioas;
	struct iommufd_hwpt *hwpt;
	int rc;

	list_for_each_entry(hwpt, &ioas->tables, entry) {
		rc = map_table(area, hwpt);
		if (rc)
			goto err_unmap;
	}
	area->absent = false;
	return 0;

err_unmap:
	list_for_each_entry_continue_reverse(hwpt, &ioas->tables, entry)
		unmap_table(area, hwpt);
	return rc;
}

/* Map an area in all tables, if its memory is available */
static int fill(struct iommufd_area *area)
{
	struct device_memory *memory = area_memory(area);
	int rc = 0;

	lockdep_assert_held(&area->ioas->mmio_lock);
	if (!area->absent)
		return 0;
	mutex_lock(&memory->lock);
	if (memory->available)
		rc = map_tables(area);
	mutex_unlock(&memory->lock);
	return rc;
}

static void unfill(struct iommufd_area *area)
{
	struct iommufd_hwpt *hwpt;

	lockdep_assert_held(&area->ioas->mmio_lock);
	if (area->absent)
		return;
	list_for_each_entry(hwpt, &area->ioas->tables, entry)
		unmap_table(area, hwpt);
	area->absent = true;
}

/**
 * iommufd_mmio_fill() - map an area of device memory in all tables
 * @area: area that is in all tables, or absent
 *
 * Return: 0, also if the memory is not available; or an error.
 */
int iommufd_mmio_fill(struct iommufd_area *area)
{
	int rc;

	mutex_lock(&area->ioas->mmio_lock);
	rc = fill(area);
	mutex_unlock(&area->ioas->mmio_lock);
	return rc;
}

/**
 * iommufd_mmio_unfill() - unmap an area of device memory from all tables
 * @area: area that is in all, or absent; being unmapped, or the last table goes
 */
void iommufd_mmio_unfill(struct iommufd_area *area)
{
	mutex_lock(&area->ioas->mmio_lock);
	unfill(area);
	mutex_unlock(&area->ioas->mmio_lock);
}

/**
 * iommufd_mmio_erase() - take out an area that could not be mapped as a whole
 * @area: area of device memory. The memory may have come back meanwhile, so that it
 *        is in the tables
 */
void iommufd_mmio_erase(struct iommufd_area *area)
{
	struct iommufd_ioas *ioas = area->ioas;

	mutex_lock(&ioas->mmio_lock);
	unfill(area);
	mutex_lock(&ioas->iova_lock);
	iommufd_area_erase(area);
	mutex_unlock(&ioas->iova_lock);
	mutex_unlock(&ioas->mmio_lock);
}

/**
 * iommufd_mmio_fill_table() - map an area of device memory in a further table
 * @area: area that is in all tables, or absent; mmio_lock is held
 * @hwpt: table that is not yet among those of the IOAS
 *
 * Return: 0 or an error.
 */
int iommufd_mmio_fill_table(struct iommufd_area *area,
			    struct iommufd_hwpt *hwpt)
{
	lockdep_assert_held(&area->ioas->mmio_lock);
	/* Not absent: then the driver waits for mmio_lock to unmap it */
	return area->absent ? 0 : map_table(area, hwpt);
}

/**
 * iommufd_mmio_remove_last() - take the last table of an IOAS away
 * @ioas: the IOAS; tables_lock is held for writing
 * @hwpt: the table. Device memory that came back meanwhile may be in it, and nothing
 *        else
 */
void iommufd_mmio_remove_last(struct iommufd_ioas *ioas,
			      struct iommufd_hwpt *hwpt)
{
	struct iommufd_area *area;

	lockdep_assert_held_write(&ioas->tables_lock);
	mutex_lock(&ioas->mmio_lock);
	iommufd_for_each_area(area, ioas, 0, ULONG_MAX)
		if (iommufd_area_is_mmio(area))
			unfill(area);
	WRITE_ONCE(ioas->storage, NULL);
	list_del(&hwpt->entry);
	mutex_unlock(&ioas->mmio_lock);
}

/* Bring an area in line with the state of its memory */
static void update_area(struct iommufd_area *area)
{
	if (!READ_ONCE(area_memory(area)->available))
		unfill(area);
	else if (area->state != IOMMUFD_AREA_UNMAPPING && fill(area))
		pr_warn_ratelimited("iommufd: no memory to map device memory at %#lx again\n",
				    area->iova);
}

static void update_areas(struct iommufd_ioas *ioas,
			 struct device_memory *memory)
{
	struct iommufd_area *area;

	mutex_lock(&ioas->mmio_lock);
	if (!ioas->storage)
		goto out_unlock;
	mutex_lock(&ioas->iova_lock);
	iommufd_for_each_area(area, ioas, 0, ULONG_MAX) {
		if (iommufd_area_is_mmio(area) && area_memory(area) == memory)
			update_area(area);
		cond_resched();
	}
	mutex_unlock(&ioas->iova_lock);
out_unlock:
	mutex_unlock(&ioas->mmio_lock);
}

/* An IOAS that is being destroyed is not found, and has no tables */
void iommufd_memory_changed(struct device_memory *memory,
			    struct device_memory_listener *listener)
{
	struct iommufd_ctx *ictx =
		container_of(listener, struct iommufd_ctx, memory_listener);
	struct iommufd_object *obj;
	u32 id = 0;

	while ((obj = iommufd_object_next(ictx, IOMMUFD_OBJ_IOAS, &id))) {
		update_areas(container_of(obj, struct iommufd_ioas, obj),
			     memory);
		iommufd_object_put(ictx, obj);
	}
}

static void init_mmio_source(struct iommufd_source *source, void *object)
{
	device_memory_add_user(&source->memory_user, object,
			       &source->ictx->memory_listener);
}

static void release_mmio_source(struct iommufd_source *source)
{
	device_memory_remove_user(&source->memory_user);
}

const struct iommufd_source_ops iommufd_device_memory = {
	.init = init_mmio_source,
	.release = release_mmio_source,
	.payer_changes = true,
};

/**
 * iommufd_ioas_map_mmio() - map device memory that the caller has mapped
 * @ictx: context
 * @ioas_id: where
 * @user_va: what
 * @length: bytes
 * @flags: of map; checked
 * @iova: where in the IOAS; chosen here if it is not fixed
 * @out_iova: told where it is, or NULL
 *
 * Return: 0 or an error as of IOMMU_IOAS_MAP: -EFAULT if there is no device
 * memory, or it is not available.
 */
int iommufd_ioas_map_mmio(struct iommufd_ctx *ictx, u32 ioas_id, u64 user_va,
			  u64 length, u32 flags, u64 iova,
			  u64 __user *out_iova)
{
	struct device_memory *memory;
	struct iommufd_source *source;
	size_t offset;
	int rc = -EFAULT;

	if (!current->mm)
		return -EFAULT;
	memory = device_memory_find(user_va, length,
				    flags & IOMMU_IOAS_MAP_WRITEABLE, &offset);
	if (!memory)
		return -EFAULT;
	if (READ_ONCE(memory->available)) {
		source = iommufd_source_get(ictx, &iommufd_device_memory,
					    memory);
		rc = iommufd_ioas_map_source(ictx, ioas_id, source, offset,
					     length, flags, iova, out_iova);
	}
	device_memory_put(memory);
	return rc;
}

/**
 * iommufd_ioas_map_dma_buf() - map device memory behind a DMA-BUF
 * @call: IOMMU_IOAS_MAP_FILE, with a struct that is checked but for the file
 * @dmabuf: the DMA-BUF
 *
 * Return: 0 or an error as of IOMMU_IOAS_MAP_FILE: -EOPNOTSUPP if it is not
 * device memory, -ENODEV if the memory is not available.
 */
int iommufd_ioas_map_dma_buf(struct iommufd_call *call, struct dma_buf *dmabuf)
{
	struct iommu_ioas_map_file __user *ucmd = call->ubuffer;
	struct iommu_ioas_map_file *cmd = call->cmd;
	struct device_memory *memory;
	struct iommufd_source *source;
	size_t offset;

	memory = device_memory_of_dma_buf(dmabuf, &offset);
	if (!memory)
		return -EOPNOTSUPP;
	if (cmd->start > dmabuf->size ||
	    cmd->length > dmabuf->size - cmd->start)
		return -EINVAL;
	if ((cmd->flags & IOMMU_IOAS_MAP_WRITEABLE) &&
	    !(dmabuf->file->f_mode & FMODE_WRITE))
		return -EPERM;
	if (!READ_ONCE(memory->available))
		return -ENODEV;
	source = iommufd_source_get(call->ictx, &iommufd_device_memory, memory);
	return iommufd_ioas_map_source(call->ictx, cmd->ioas_id, source,
				       offset + cmd->start, cmd->length,
				       cmd->flags, cmd->iova, &ucmd->iova);
}
