// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that no IOMMU is in front of, and the physical addresses they use.
 *
 * To the rest of /dev/iommu such a device is one like any other: it is bound,
 * and attached to an IOAS, which then has a table for it. The table is a domain
 * of this file, that no hardware ever sees. As that of an IOMMU does, it has the
 * memory pinned and knows the page numbers. The device does DMA to physical
 * addresses, which user space reads off the table. Nothing stops the device
 * when memory is unmapped or the device is detached: who may do this at all
 * (CAP_SYS_RAWIO) owns the machine.
 *
 * The table is an xarray by IOVA page number. An entry has the distance from
 * IOVA to page frame number, so that it is the same for all pages of a
 * contiguous run, and neighbours that are the same are contiguous. A run is
 * stored in blocks that are aligned to their power of two, as __iommu_unmap()
 * takes them out again. Taking out needs no memory.
 *
 * Locking: the xa_lock for changes, RCU for lookups. Who looks something up
 * knows that it is mapped and stays so, see pages.c.
 */
#include <linux/capability.h>
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "iommufd_private.h"

/* As many entries are looked at without a break */
#define LOOKUP_BATCH 1024

/**
 * struct noiommu_table - a table for devices without an IOMMU
 * @domain: the domain
 * @pages: entries by IOVA page number
 */
struct noiommu_table {
	struct iommu_domain domain;
	struct xarray pages;
};

static const struct iommu_domain_ops noiommu_domain_ops;

static struct noiommu_table *to_table(struct iommu_domain *domain)
{
	return container_of(domain, struct noiommu_table, domain);
}

/* Entries have one bit less than a long. What is above it cancels out */
static void *to_entry(unsigned long index, unsigned long pfn)
{
	return xa_mk_value((pfn - index) & (ULONG_MAX >> 1));
}

static unsigned long to_pfn(unsigned long index, void *entry)
{
	return (index + xa_to_value(entry)) & (ULONG_MAX >> 1);
}

/*
 * Map and unmap
 */

/* The largest block at the start of a range of @npages */
static unsigned int block_order(unsigned long index, unsigned long npages)
{
	unsigned int order = ilog2(npages);

	return index ? min_t(unsigned int, order, __ffs(index)) : order;
}

static int store_block(struct noiommu_table *table, unsigned long index,
		       unsigned int order, void *entry, gfp_t gfp)
{
	XA_STATE_ORDER(xas, &table->pages, index, order);

	do {
		xas_lock(&xas);
		xas_store(&xas, entry);
		xas_unlock(&xas);
	} while (xas_nomem(&xas, gfp));
	return xas_error(&xas);
}

/* Take out blocks until @npages are, or one is not there; return how many are */
static unsigned long erase_pages(struct noiommu_table *table,
				 unsigned long index, unsigned long npages)
{
	unsigned long done = 0;

	while (done < npages) {
		unsigned int order = xa_get_order(&table->pages, index + done);

		if (WARN_ON_ONCE(!xa_erase(&table->pages, index + done)))
			break;
		done += 1UL << order;
	}
	return done;
}

static int noiommu_map_pages(struct iommu_domain *domain, unsigned long iova,
			     phys_addr_t phys, size_t pgsize, size_t pgcount,
			     int prot, gfp_t gfp, size_t *mapped)
{
	struct noiommu_table *table = to_table(domain);
	unsigned long index = iova >> PAGE_SHIFT;
	unsigned long npages = (pgsize >> PAGE_SHIFT) * pgcount;
	void *entry = to_entry(index, PHYS_PFN(phys));
	unsigned long done = 0;
	unsigned int order;
	int rc;

	if (WARN_ON_ONCE(offset_in_page(iova | phys | pgsize)))
		return -EINVAL;
	while (done < npages) {
		order = block_order(index + done, npages - done);
		rc = store_block(table, index + done, order, entry, gfp);
		if (rc) {
			erase_pages(table, index, done);
			return rc;
		}
		done += 1UL << order;
	}
	*mapped += npages << PAGE_SHIFT;
	return 0;
}

static size_t noiommu_unmap_pages(struct iommu_domain *domain,
				  unsigned long iova, size_t pgsize,
				  size_t pgcount,
				  struct iommu_iotlb_gather *gather)
{
	return erase_pages(to_table(domain), iova >> PAGE_SHIFT,
			   (pgsize >> PAGE_SHIFT) * pgcount) << PAGE_SHIFT;
}

/*
 * Look up
 */

static phys_addr_t noiommu_iova_to_phys(struct iommu_domain *domain,
					dma_addr_t iova)
{
	unsigned long index = iova >> PAGE_SHIFT;
	void *entry = xa_load(&to_table(domain)->pages, index);

	if (!entry)
		return 0;
	return PFN_PHYS(to_pfn(index, entry)) + offset_in_page(iova);
}

static phys_addr_t noiommu_iova_to_phys_run(struct iommu_domain *domain,
					    dma_addr_t iova, size_t *length)
{
	phys_addr_t phys = noiommu_iova_to_phys(domain, iova);
	unsigned long index = iova >> PAGE_SHIFT;
	unsigned long last = (iova + *length - 1) >> PAGE_SHIFT;
	XA_STATE(xas, &to_table(domain)->pages, index);
	unsigned int looked_at = 0;
	void *entry, *first = NULL;

	if (!phys)
		return 0;
	rcu_read_lock();
	xas_for_each(&xas, entry, last) {
		if (xas_retry(&xas, entry))
			continue;
		first = first ?: entry;
		if (entry != first) {
			*length = (xas.xa_index << PAGE_SHIFT) - iova;
			break;
		}
		if (++looked_at % LOOKUP_BATCH)
			continue;
		xas_pause(&xas);
		cond_resched_rcu();
	}
	rcu_read_unlock();
	return phys;
}

/* The table of the devices without an IOMMU; one of them is attached */
static struct iommu_domain *find_domain(struct iommufd_ioas *ioas)
{
	struct iommufd_hwpt *hwpt;

	list_for_each_entry(hwpt, &ioas->tables, entry)
		if (iommufd_domain_is_noiommu(hwpt->domain))
			return hwpt->domain;
	return NULL;
}

/* The memory behind an IOVA, as far as it is contiguous and of one mapping */
static int find_memory(struct iommufd_ioas *ioas, unsigned long iova,
		       phys_addr_t *phys, unsigned long *length)
{
	struct iommu_domain *domain;
	struct iommufd_area *area;

	lockdep_assert_held(&ioas->tables_lock);
	lockdep_assert_held(&ioas->iova_lock);
	if (!ioas->noiommu_devices)
		return -ENODEV;
	area = iommufd_area_first(ioas, iova, iova);
	if (!area || area->state != IOMMUFD_AREA_MAPPED)
		return -ENOENT;
	/* It may go any time, and the device would not know */
	if (iommufd_area_is_mmio(area))
		return -EOPNOTSUPP;
	domain = find_domain(ioas);
	if (WARN_ON_ONCE(!domain))
		return -ENODEV;
	*length = iommufd_table_read(domain, iova, area->last - iova + 1, phys);
	return 0;
}

int iommufd_ioas_noiommu_get_pa(struct iommufd_call *call)
{
	struct iommu_ioas_noiommu_get_pa *cmd = call->cmd;
	struct iommufd_ioas *ioas;
	unsigned long length;
	phys_addr_t phys;
	int rc;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (cmd->flags || cmd->__reserved)
		return -EOPNOTSUPP;
	if (cmd->iova > ULONG_MAX)
		return -EOVERFLOW;
	ioas = iommufd_get_ioas(call->ictx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	down_read(&ioas->tables_lock);
	mutex_lock(&ioas->iova_lock);
	rc = find_memory(ioas, cmd->iova, &phys, &length);
	mutex_unlock(&ioas->iova_lock);
	up_read(&ioas->tables_lock);
	iommufd_object_put(call->ictx, &ioas->obj);
	if (rc)
		return rc;
	cmd->length = length;
	cmd->out_phys = phys;
	return iommufd_respond(call, sizeof(*cmd));
}

/*
 * The domain
 */

static void noiommu_domain_free(struct iommu_domain *domain)
{
	struct noiommu_table *table = to_table(domain);
	unsigned long index = 0;

	/* Nodes without entries may be left from when there was no memory */
	WARN_ON(xa_find(&table->pages, &index, ULONG_MAX, XA_PRESENT));
	xa_destroy(&table->pages);
	kfree(table);
}

static const struct iommu_domain_ops noiommu_domain_ops = {
	.map_pages = noiommu_map_pages,
	.unmap_pages = noiommu_unmap_pages,
	.iova_to_phys = noiommu_iova_to_phys,
	.iova_to_phys_run = noiommu_iova_to_phys_run,
	.free = noiommu_domain_free,
};

/**
 * iommufd_noiommu_domain_alloc() - make a table for devices without an IOMMU
 * @request: what the table shall be able to do, or NULL
 *
 * Return: a domain without limits but that of whole pages, or an ERR_PTR:
 * -EOPNOTSUPP if anything is requested, -ENOMEM.
 */
struct iommu_domain *
iommufd_noiommu_domain_alloc(const struct iommu_domain_request *request)
{
	struct noiommu_table *table;

	if (request && (request->nest_parent || request->dirty_tracking ||
			request->data_type != IOMMU_HWPT_DATA_NONE))
		return ERR_PTR(-EOPNOTSUPP);
	table = kzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (!table)
		return ERR_PTR(-ENOMEM);
	xa_init_flags(&table->pages, XA_FLAGS_ACCOUNT);
	table->domain.type = IOMMU_DOMAIN_UNMANAGED;
	table->domain.ops = &noiommu_domain_ops;
	/* all powers of two */
	table->domain.pgsize_bitmap = PAGE_MASK;
	table->domain.geometry.aperture_end = ULONG_MAX;
	return &table->domain;
}

/* Is this a table of iommufd_noiommu_domain_alloc()? */
bool iommufd_domain_is_noiommu(const struct iommu_domain *domain)
{
	return domain->ops == &noiommu_domain_ops;
}

/**
 * iommufd_device_bind_noiommu() - bind a device that no IOMMU is in front of
 * @ictx: the IOMMU fd; the binding keeps it alive
 * @dev: a device in a group of its own, that no kernel driver uses for DMA; no
 *       other user binds it
 * @cookie: label that user space chose for the device, or NULL for none
 * @dev_id: returns the ID of the device in @ictx
 *
 * The user can do DMA to all memory as soon as he can reach the device, attached
 * or not. The caller has made sure that he has CAP_SYS_RAWIO. Taints the kernel.
 *
 * All functions of bound devices work on it. Only the driver of the device can
 * stop its DMA, which must have happened before iommufd_device_detach() lets
 * the memory go.
 *
 * Return: the bound device or an ERR_PTR: -ENODEV without group, -EINVAL with
 * an IOMMU, -EEXIST if the cookie is taken, -ENOMEM.
 */
struct iommufd_device *iommufd_device_bind_noiommu(struct iommufd_ctx *ictx,
						   struct device *dev,
						   const u64 *cookie,
						   u32 *dev_id)
{
	struct iommufd_device *idev;

	idev = __iommufd_device_bind(ictx, dev, cookie, dev_id,
				     IOMMUFD_BIND_NO_IOMMU);
	if (IS_ERR(idev))
		return idev;
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	dev_warn(dev, "bound without an IOMMU by user (%s:%d): its DMA reaches all memory\n",
		 current->comm, task_pid_nr(current));
	return idev;
}
EXPORT_SYMBOL_GPL(iommufd_device_bind_noiommu);
