// SPDX-License-Identifier: GPL-2.0-only
/*
 * An IOMMU driver without hardware, and commands to drive and inspect it.
 *
 * Mock devices live on a bus of their own, whose IOMMU driver is the mock
 * whatever IOMMU the machine has. A device is made by an ioctl of the test,
 * bound to the descriptor that the ioctl was called on, and attached. It is
 * owned by an object of that descriptor ("selftest object"), which detaches,
 * unbinds and frees it when it is destroyed. The bound device does not keep the
 * context alive as others do: the context owns it.
 *
 * A mock page table is an xarray. Its index is the IOVA in IO pages of 2 KiB,
 * an entry of 2^order IO pages is one IOPTE, and has the physical address and
 * flags. Nobody walks it but the test: MOCK_OP_CHECK_MAP.
 *
 * The commands are those of iommufd_test.h. Each operation is an entry of one
 * table at the end of this file; mock.h says which are in files of their own.
 */
#define pr_fmt(fmt) "iommufd mock: " fmt

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "mock.h"

MODULE_IMPORT_NS(IOMMU_PRIVATE_BUS);

size_t iommufd_test_memory_limit = MOCK_MEMORY_LIMIT_DEFAULT;

static atomic_t mock_device_number;

/**
 * struct mock_object - selftest object: a mock device, bound and attached
 * @obj: object
 * @mdev: the device, registered and in a group
 * @idev: its binding, of which this is a user
 */
struct mock_object {
	struct iommufd_object obj;
	struct mock_device *mdev;
	struct iommufd_device *idev;
};

static phys_addr_t mock_iopte_phys(void *entry)
{
	return (phys_addr_t)(xa_to_value(entry) >> MOCK_IOPTE_PHYS_SHIFT) *
	       MOCK_IO_PAGE_SIZE;
}

static void *mock_iopte(phys_addr_t phys, unsigned long order, int prot)
{
	unsigned long value = order;

	value |= (unsigned long)(phys / MOCK_IO_PAGE_SIZE)
		 << MOCK_IOPTE_PHYS_SHIFT;
	if (prot & IOMMU_READ)
		value |= MOCK_IOPTE_READ;
	if (prot & IOMMU_WRITE)
		value |= MOCK_IOPTE_WRITE;
	return xa_mk_value(value);
}

/*
 * Domains
 */

static int mock_set_iopte(struct mock_domain *mock, unsigned long index,
			  unsigned long order, void *entry, gfp_t gfp)
{
	XA_STATE_ORDER(xas, &mock->iopte, index, order);

	do {
		xas_lock(&xas);
		if (WARN_ON_ONCE(xas_find_conflict(&xas)))
			xas_set_err(&xas, -EADDRINUSE);
		else
			xas_store(&xas, entry);
		xas_unlock(&xas);
	} while (xas_nomem(&xas, gfp));
	return xas_error(&xas);
}

static int mock_domain_map_pages(struct iommu_domain *domain,
				 unsigned long iova, phys_addr_t phys,
				 size_t pgsize, size_t pgcount, int prot,
				 gfp_t gfp, size_t *mapped)
{
	struct mock_domain *mock = to_mock_domain(domain);
	unsigned long order = ilog2(pgsize / MOCK_IO_PAGE_SIZE);
	int rc;

	if (WARN_ON_ONCE((iova | phys) & (pgsize - 1)))
		return -EINVAL;
	for (; pgcount; pgcount--) {
		rc = mock_set_iopte(mock, iova / MOCK_IO_PAGE_SIZE, order,
				    mock_iopte(phys, order, prot), gfp);
		if (rc)
			return rc;
		*mapped += pgsize;
		iova += pgsize;
		phys += pgsize;
	}
	return 0;
}

/* Who maps must not cut an IOPTE when he unmaps, nor unmap what is not mapped */
static size_t mock_domain_unmap_pages(struct iommu_domain *domain,
				      unsigned long iova, size_t pgsize,
				      size_t pgcount,
				      struct iommu_iotlb_gather *gather)
{
	struct mock_domain *mock = to_mock_domain(domain);
	unsigned long index = iova / MOCK_IO_PAGE_SIZE;
	unsigned long end = index + pgsize / MOCK_IO_PAGE_SIZE * pgcount;
	size_t unmapped = 0;

	while (index < end) {
		void *entry = xa_load(&mock->iopte, index);
		unsigned long npages;

		if (WARN_ON_ONCE(!entry))
			break;
		npages = 1UL << mock_iopte_order(entry);
		if (WARN_ON_ONCE(mock_iopte_start(entry, index) != index ||
				 npages > end - index))
			break;
		xa_erase(&mock->iopte, index);
		index += npages;
		unmapped += npages * MOCK_IO_PAGE_SIZE;
	}
	return unmapped;
}

static phys_addr_t mock_domain_iova_to_phys(struct iommu_domain *domain,
					    dma_addr_t iova)
{
	struct mock_domain *mock = to_mock_domain(domain);
	unsigned long index = iova / MOCK_IO_PAGE_SIZE;
	void *entry = xa_load(&mock->iopte, index);

	if (!entry)
		return 0;
	return mock_iopte_phys(entry) +
	       (iova - (dma_addr_t)mock_iopte_start(entry, index) *
		       MOCK_IO_PAGE_SIZE);
}

/*
 * What is attached is known to the group, and to a nested domain's vIOMMU. As with
 * hardware, attach to a table can fail for want of memory, to nothing cannot.
 */
static int mock_static_domain_attach(struct iommu_domain *domain,
				     struct device *dev)
{
	mock_set_viommu(dev, NULL, 0);
	return 0;
}

int mock_need_memory(void)
{
	struct mock_domain *memory = kmalloc(sizeof(*memory), GFP_KERNEL);

	kfree(memory);
	return memory ? 0 : -ENOMEM;
}

static int mock_domain_attach(struct iommu_domain *domain, struct device *dev)
{
	return mock_need_memory() ?: mock_static_domain_attach(domain, dev);
}

static void mock_domain_free(struct iommu_domain *domain)
{
	struct mock_domain *mock = to_mock_domain(domain);

	WARN_ON(!xa_empty(&mock->iopte));
	xa_destroy(&mock->iopte);
	kfree(mock);
}

static const struct iommu_domain_ops mock_domain_ops = {
	.attach_dev = mock_domain_attach,
	.map_pages = mock_domain_map_pages,
	.unmap_pages = mock_domain_unmap_pages,
	.flush_iotlb_all = mock_domain_flush_iotlb_all,
	.iotlb_sync = mock_domain_iotlb_sync,
	.iova_to_phys = mock_domain_iova_to_phys,
	.free = mock_domain_free,
};

static void mock_static_domain_free(struct iommu_domain *domain)
{
}

static const struct iommu_domain_ops mock_static_domain_ops = {
	.attach_dev = mock_static_domain_attach,
	.free = mock_static_domain_free,
};

/* For DMA of the kernel, of which there is none, and to block all DMA */
static struct iommu_domain mock_default_domain = {
	.type = IOMMU_DOMAIN_IDENTITY,
	.ops = &mock_static_domain_ops,
};

static struct iommu_domain mock_blocking_domain = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &mock_static_domain_ops,
};

static struct iommu_domain *mock_paging_domain_alloc(void)
{
	struct mock_domain *mock;

	mock = kzalloc(sizeof(*mock), GFP_KERNEL_ACCOUNT);
	if (!mock)
		return NULL;
	xa_init(&mock->iopte);
	/* all powers of two */
	mock->domain.pgsize_bitmap = ~(MOCK_IO_PAGE_SIZE - 1UL);
	mock->domain.geometry.aperture_start = MOCK_APERTURE_START;
	mock->domain.geometry.aperture_end = MOCK_APERTURE_LAST;
	mock->domain.geometry.force_aperture = true;
	return &mock->domain;
}

/* The page table type that user space asks for */
static int mock_pgtable_type(const struct iommu_domain_request *request)
{
	struct mock_hwpt_data data = {};

	if (request->data_type == IOMMU_HWPT_DATA_NONE)
		return MOCK_PGTABLE_DEFAULT;
	if (request->data_type != MOCK_HWPT_DATA)
		return -EOPNOTSUPP;
	if (request->data_len < offsetofend(struct mock_hwpt_data, iotlb) ||
	    request->data_len > sizeof(data))
		return -EINVAL;
	if (copy_from_user(&data, request->data, request->data_len))
		return -EFAULT;
	if (data.pgtable > MOCK_PGTABLE_HUGE)
		return -EOPNOTSUPP;
	return data.pgtable;
}

static struct iommu_domain *
mock_domain_alloc_request(struct device *dev,
			  const struct iommu_domain_request *request)
{
	bool no_dirty = to_mock_device(dev)->flags & MOCK_DEVICE_NO_DIRTY;
	int pgtable = mock_pgtable_type(request);
	struct iommu_domain *domain;

	if (pgtable < 0)
		return ERR_PTR(pgtable);
	if (request->dirty_tracking && no_dirty)
		return ERR_PTR(-EOPNOTSUPP);
	domain = mock_paging_domain_alloc();
	if (!domain)
		return ERR_PTR(-ENOMEM);
	if (pgtable == MOCK_PGTABLE_HUGE) {
		domain->pgsize_bitmap = MOCK_HUGE_PAGE_SIZE | PAGE_SIZE;
		domain->geometry.aperture_start = 0;
		domain->geometry.aperture_end = ULONG_MAX;
	}
	if (request->dirty_tracking)
		domain->dirty_ops = &mock_dirty_ops;
	return domain;
}

/*
 * The driver
 */

static struct iommu_device mock_iommu;

static bool mock_capable(struct device *dev, enum iommu_cap cap)
{
	switch (cap) {
	case IOMMU_CAP_CACHE_COHERENCY:
		return true;
	case IOMMU_CAP_DIRTY_TRACKING:
		return !(to_mock_device(dev)->flags & MOCK_DEVICE_NO_DIRTY);
	default:
		return false;
	}
}

static int mock_driver_info(struct device *dev, struct iommu_driver_info *info)
{
	struct mock_hw_info *data = (struct mock_hw_info *)info->data;

	if (info->type != IOMMU_HW_INFO_TYPE_DEFAULT &&
	    info->type != MOCK_HW_INFO_TYPE)
		return -EOPNOTSUPP;
	info->type = MOCK_HW_INFO_TYPE;
	info->length = sizeof(*data);
	data->test_reg = MOCK_HW_INFO_REGISTER;
	return 0;
}

static struct iommu_domain *mock_domain_alloc(unsigned int type)
{
	switch (type) {
	case IOMMU_DOMAIN_IDENTITY:
		return &mock_default_domain;
	case IOMMU_DOMAIN_BLOCKED:
		return &mock_blocking_domain;
	case IOMMU_DOMAIN_UNMANAGED:
		return mock_paging_domain_alloc();
	default:
		return NULL;
	}
}

static int mock_def_domain_type(struct device *dev)
{
	return IOMMU_DOMAIN_IDENTITY;
}

static struct iommu_device *mock_probe_device(struct device *dev)
{
	return &mock_iommu;
}

static const struct iommu_ops mock_ops = {
	.capable = mock_capable,
	.driver_info = mock_driver_info,
	.domain_alloc = mock_domain_alloc,
	.domain_alloc_request = mock_domain_alloc_request,
	.probe_device = mock_probe_device,
	.device_group = generic_device_group,
	.def_domain_type = mock_def_domain_type,
	.page_response = mock_page_response,
	.user_ops = &mock_user_ops,
	.default_domain_ops = &mock_domain_ops,
	.pgsize_bitmap = ~(MOCK_IO_PAGE_SIZE - 1UL),
	.owner = THIS_MODULE,
};

/*
 * Mock devices
 */

static struct bus_type mock_bus = {
	.name = "iommufd_mock",
	.iommu_ops = &mock_ops,
};

static void mock_device_release(struct device *dev)
{
	kfree(to_mock_device(dev));
}

bool mock_is_mock_device(struct device *dev)
{
	return dev->bus == &mock_bus;
}

static struct mock_device *mock_device_create(u32 flags)
{
	struct mock_device *mdev;
	unsigned int i;
	int rc;

	mdev = kzalloc(sizeof(*mdev), GFP_KERNEL_ACCOUNT);
	if (!mdev)
		return ERR_PTR(-ENOMEM);
	mdev->flags = flags;
	spin_lock_init(&mdev->lock);
	for (i = 0; i < MOCK_CACHE_ENTRIES; i++)
		mdev->cache[i] = MOCK_CACHE_PRESET;
	device_initialize(&mdev->dev);
	mdev->dev.bus = &mock_bus;
	mdev->dev.release = mock_device_release;
	rc = dev_set_name(&mdev->dev, "iommufd_mock%u",
			  (u32)atomic_inc_return(&mock_device_number));
	if (rc)
		goto err_put;
	rc = device_add(&mdev->dev);
	if (rc)
		goto err_put;
	rc = iommu_probe_device(&mdev->dev);
	if (rc)
		goto err_del;
	return mdev;

err_del:
	device_del(&mdev->dev);
err_put:
	put_device(&mdev->dev);
	return ERR_PTR(rc);
}

static void mock_device_destroy(struct mock_device *mdev)
{
	iommu_release_device(&mdev->dev);
	device_unregister(&mdev->dev);
}

/*
 * Operations
 */

static struct mock_object *mock_object_get(struct iommufd_ctx *ictx, u32 id)
{
	struct iommufd_object *obj =
		iommufd_object_get(ictx, id, IOMMUFD_OBJ_SELFTEST);

	return IS_ERR(obj) ? ERR_CAST(obj) :
			     container_of(obj, struct mock_object, obj);
}

static void mock_object_release(struct iommufd_ctx *ictx,
				struct mock_object *mobj)
{
	iommufd_device_detach(mobj->idev);
	iommufd_object_unuse(ictx, &mobj->idev->obj);
	iommufd_device_unbind(mobj->idev);
	mock_device_destroy(mobj->mdev);
}

void iommufd_test_destroy(struct iommufd_ctx *ictx, struct iommufd_object *obj)
{
	mock_object_release(ictx, container_of(obj, struct mock_object, obj));
}

static int mock_add_device(struct iommufd_call *call, u32 flags,
			   const u64 *cookie)
{
	struct iommu_test_cmd *cmd = call->cmd;
	struct iommufd_ctx *ictx = call->ictx;
	u32 pt_id = cmd->id;
	struct mock_object *mobj;
	u32 idev_id;
	int rc;

	mobj = iommufd_object_alloc(ictx, mobj, IOMMUFD_OBJ_SELFTEST);
	if (IS_ERR(mobj))
		return PTR_ERR(mobj);
	mobj->mdev = mock_device_create(flags);
	if (IS_ERR(mobj->mdev)) {
		rc = PTR_ERR(mobj->mdev);
		goto err_abort;
	}
	mobj->idev = __iommufd_device_bind(ictx, &mobj->mdev->dev, cookie,
					   &idev_id, IOMMUFD_BIND_OWNED_BY_CTX |
					   IOMMUFD_BIND_ANY_MSI);
	if (IS_ERR(mobj->idev)) {
		rc = PTR_ERR(mobj->idev);
		goto err_device;
	}
	rc = iommufd_device_attach(mobj->idev, &pt_id);
	if (rc)
		goto err_unbind;
	/* On close the binding must not be destroyed before this object */
	iommufd_object_use(ictx, &mobj->idev->obj);

	cmd->device.out_stdev_id = mobj->obj.id;
	cmd->device.out_hwpt_id = pt_id;
	cmd->device.out_idev_id = idev_id;
	rc = iommufd_respond(call, sizeof(*cmd));
	if (rc) {
		mock_object_release(ictx, mobj);
		goto err_abort;
	}
	iommufd_object_publish(ictx, &mobj->obj);
	return 0;

err_unbind:
	iommufd_device_unbind(mobj->idev);
err_device:
	mock_device_destroy(mobj->mdev);
err_abort:
	iommufd_object_abort(ictx, &mobj->obj);
	return rc;
}

static int mock_op_device(struct iommufd_call *call)
{
	return mock_add_device(call, 0, NULL);
}

static int mock_op_device_flags(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;

	if (cmd->device.flags & ~MOCK_DEVICE_FLAGS)
		return -EINVAL;
	return mock_add_device(call, cmd->device.flags, NULL);
}

static int mock_op_own_device(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;
	u64 cookie = cmd->device.cookie;

	if (cmd->device.flags & ~MOCK_OWN_DEVICE_FLAGS)
		return -EINVAL;
	return mock_add_device(call, cmd->device.flags,
			       cmd->device.flags & MOCK_DEVICE_COOKIE ?
			       &cookie : NULL);
}

static int mock_op_replace(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;
	struct mock_object *mobj;
	u32 pt_id = cmd->replace.pt_id;
	int rc;

	mobj = mock_object_get(call->ictx, cmd->id);
	if (IS_ERR(mobj))
		return PTR_ERR(mobj);
	rc = iommufd_device_replace(mobj->idev, &pt_id);
	iommufd_object_put(call->ictx, &mobj->obj);
	if (rc)
		return rc;
	cmd->replace.pt_id = pt_id;
	return iommufd_respond(call, sizeof(*cmd));
}

static int mock_op_add_reserved(struct iommufd_call *call)
{
	struct rb_root_cached reserved = RB_ROOT_CACHED;
	struct iommu_test_cmd *cmd = call->cmd;
	struct iommufd_ioas *ioas;
	u64 last;
	int rc;

	if (!cmd->reserve.length)
		return -EINVAL;
	if (check_add_overflow(cmd->reserve.start, cmd->reserve.length - 1,
			       &last) || last > ULONG_MAX)
		return -EOVERFLOW;
	ioas = iommufd_get_ioas(call->ictx, cmd->id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	/* The owner is nobody who ever releases something */
	rc = iommufd_iova_add(&reserved, cmd->reserve.start, last, &mock_bus);
	if (!rc) {
		mutex_lock(&ioas->iova_lock);
		rc = iommufd_ioas_adopt_reserved(ioas, &reserved);
		mutex_unlock(&ioas->iova_lock);
	}
	iommufd_iova_remove(&reserved, NULL);
	iommufd_object_put(call->ictx, &ioas->obj);
	return rc;
}

/* Does the domain map [iova, iova + length) to the pages at @va? */
static int mock_check_map(struct iommu_domain *domain, unsigned long iova,
			  unsigned long length, unsigned long va)
{
	unsigned long io_page = 1UL << __ffs(domain->pgsize_bitmap);
	int rc = 0;

	if ((iova | length | va) & (io_page - 1))
		return -EINVAL;
	for (; length && !rc; length -= io_page) {
		struct page *page;
		phys_addr_t phys;

		if (get_user_pages_fast(va & PAGE_MASK, 1, 0, &page) != 1)
			return -EFAULT;
		phys = page_to_phys(page) + offset_in_page(va);
		if (iommu_iova_to_phys(domain, iova) != phys)
			rc = -EINVAL;
		put_page(page);
		iova += io_page;
		va += io_page;
		cond_resched();
	}
	return rc;
}

static int mock_op_check_map(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;
	struct iommufd_object *obj;
	struct iommufd_hwpt *hwpt;
	u64 end;
	int rc;

	if (check_add_overflow(cmd->check_map.user_va, cmd->check_map.length,
			       &end) || end > ULONG_MAX)
		return -EINVAL;
	if (cmd->check_map.length &&
	    iommufd_check_range(cmd->check_map.iova, cmd->check_map.length))
		return -EINVAL;
	obj = iommufd_object_get(call->ictx, cmd->id, IOMMUFD_OBJ_HWPT);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	hwpt = container_of(obj, struct iommufd_hwpt, obj);
	if (hwpt->domain->ops == &mock_domain_ops)
		rc = mock_check_map(hwpt->domain, cmd->check_map.iova,
				    cmd->check_map.length,
				    cmd->check_map.user_va);
	else
		rc = -EINVAL;
	iommufd_object_put(call->ictx, obj);
	return rc;
}

/* What the table of any IOMMU driver translates, whatever mapped it */
static int mock_op_count_mapped(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;
	struct iommufd_object *obj;
	struct iommufd_hwpt *hwpt;
	u64 iova = cmd->count_mapped.iova, end, step;

	if (cmd->count_mapped.length > MOCK_COUNT_MAX ||
	    check_add_overflow(iova, cmd->count_mapped.length, &end) ||
	    end > ULONG_MAX)
		return -EINVAL;
	obj = iommufd_object_get(call->ictx, cmd->id, IOMMUFD_OBJ_HWPT);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	hwpt = container_of(obj, struct iommufd_hwpt, obj);
	step = 1ULL << __ffs(hwpt->domain->pgsize_bitmap);
	cmd->count_mapped.out_length = 0;
	/* Nobody takes page table pages away */
	down_write(&hwpt->ioas->tables_lock);
	mutex_lock(&hwpt->ioas->mmio_lock);
	for (; iova < end; iova += step)
		if (iommu_iova_to_phys(hwpt->domain, iova))
			cmd->count_mapped.out_length += step;
	mutex_unlock(&hwpt->ioas->mmio_lock);
	up_write(&hwpt->ioas->tables_lock);
	iommufd_object_put(call->ictx, obj);
	return iommufd_respond(call, sizeof(*cmd));
}

/* Compound pages are counted in another way: they are left out */
static int mock_check_pins(unsigned long va, u32 pins)
{
	struct page *page;
	int rc = 0;

	if (get_user_pages_fast(va, 1, 0, &page) != 1)
		return -EFAULT;
	if (!PageCompound(page) &&
	    page_ref_count(page) / GUP_PIN_COUNTING_BIAS != pins)
		rc = -EIO;
	put_page(page);
	return rc;
}

static int mock_op_check_refs(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;
	u64 va = cmd->check_refs.user_va;
	u64 end;
	int rc = 0;

	if ((va | cmd->check_refs.length) & ~PAGE_MASK ||
	    check_add_overflow(va, cmd->check_refs.length, &end) ||
	    end > ULONG_MAX)
		return -EINVAL;
	for (; va < end && !rc; va += PAGE_SIZE) {
		rc = mock_check_pins(va, cmd->check_refs.pins);
		cond_resched();
	}
	return rc;
}

static int mock_op_memory_limit(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;

	if (cmd->memory_limit.limit < MOCK_MEMORY_LIMIT_MIN)
		return -EINVAL;
	WRITE_ONCE(iommufd_test_memory_limit, cmd->memory_limit.limit);
	return 0;
}

static int (*const mock_operations[])(struct iommufd_call *call) = {
	[MOCK_OP_ADD_RESERVED] = mock_op_add_reserved,
	[MOCK_OP_DEVICE] = mock_op_device,
	[MOCK_OP_CHECK_DEV_CACHE] = mock_op_check_cache,
	[MOCK_OP_CHECK_IOTLB] = mock_op_check_iotlb,
	[MOCK_OP_CHECK_MAP] = mock_op_check_map,
	[MOCK_OP_CHECK_REFS] = mock_op_check_refs,
	[MOCK_OP_ACCESS_CREATE] = mock_op_access_create,
	[MOCK_OP_ACCESS_UNPIN] = mock_op_access_unpin,
	[MOCK_OP_ACCESS_PIN] = mock_op_access_pin,
	[MOCK_OP_ACCESS_RW] = mock_op_access_rw,
	[MOCK_OP_MEMORY_LIMIT] = mock_op_memory_limit,
	[MOCK_OP_REPLACE] = mock_op_replace,
	[MOCK_OP_ACCESS_REPLACE_IOAS] = mock_op_access_replace_ioas,
	[MOCK_OP_DEVICE_FLAGS] = mock_op_device_flags,
	[MOCK_OP_DMABUF_GET] = mock_op_dmabuf_get,
	[MOCK_OP_DMABUF_REVOKE] = mock_op_dmabuf_revoke,
	[MOCK_OP_SET_DIRTY] = mock_op_set_dirty,
	[MOCK_OP_TRIGGER_FAULT] = mock_op_trigger_fault,
	[MOCK_OP_TRIGGER_VEVENT] = mock_op_trigger_vevent,
};

int iommufd_test(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;

	if (cmd->op < ARRAY_SIZE(mock_operations) && mock_operations[cmd->op])
		return mock_operations[cmd->op](call);
	switch (cmd->op) {
	case MOCK_OP_COUNT_MAPPED:
		return mock_op_count_mapped(call);
	case MOCK_OP_REPORT_FAULT:
		return mock_op_report_fault(call);
	case MOCK_OP_GET_ANSWERS:
		return mock_op_get_answers(call);
	case MOCK_OP_OWN_DEVICE:
		return mock_op_own_device(call);
	case MOCK_OP_LOSE_VEVENTS:
		return mock_op_lose_vevents(call);
	default:
		return -EOPNOTSUPP;
	}
}

int __init iommufd_test_init(void)
{
	int rc;

	rc = bus_register(&mock_bus);
	if (rc)
		return rc;
	rc = iommu_device_sysfs_add(&mock_iommu, NULL, NULL,
				    "iommufd_mock_iommu");
	if (rc)
		goto err_bus;
	mock_iommu.ops = &mock_ops;
	return 0;

err_bus:
	bus_unregister(&mock_bus);
	return rc;
}

void iommufd_test_exit(void)
{
	iommu_device_sysfs_remove(&mock_iommu);
	bus_unregister(&mock_bus);
}
