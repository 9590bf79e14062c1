// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations of the mock on in-kernel accesses.
 *
 * An access is a file descriptor. It has items: ranges that were pinned
 * through it, in a list by ID, under the lock of the access. The unmap op lets
 * go of all items that it hits. Closing the descriptor lets go of the rest.
 *
 * The mock uses all the freedom that users of an access have. It pins under the
 * lock that its unmap op takes. And it puts an item into the list later: the
 * unmap op misses it in between, and finds it when the core asks again.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iommufd.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "mock.h"

/**
 * struct mock_access - an access as a descriptor
 * @access: the access
 * @pins: it may pin
 * @lock: protects what follows
 * @items: struct mock_item
 * @next_id: ID of the next item
 */
struct mock_access {
	struct iommufd_access *access;
	bool pins;
	struct mutex lock;
	struct list_head items;
	u32 next_id;
};

struct mock_item {
	struct list_head entry;
	unsigned long iova;
	unsigned long length;
	u32 id;
};

static void drop_item(struct mock_access *mock, struct mock_item *item)
{
	lockdep_assert_held(&mock->lock);
	iommufd_access_unpin_pages(mock->access, item->iova, item->length);
	list_del(&item->entry);
	kfree(item);
}

static void mock_access_unmap(void *data, unsigned long iova,
			      unsigned long length)
{
	unsigned long last = iova + length - 1;
	struct mock_access *mock = data;
	struct mock_item *item, *next;

	mutex_lock(&mock->lock);
	list_for_each_entry_safe(item, next, &mock->items, entry)
		if (item->iova <= last &&
		    item->iova + item->length - 1 >= iova)
			drop_item(mock, item);
	mutex_unlock(&mock->lock);
}

static const struct iommufd_access_ops mock_pinning_ops = {
	.needs_pin_pages = true,
	.unmap = mock_access_unmap,
};

static const struct iommufd_access_ops mock_rw_ops = {
};

static void mock_access_free(struct mock_access *mock)
{
	iommufd_access_destroy(mock->access);
	WARN_ON(!list_empty(&mock->items));
	kfree(mock);
}

static int mock_access_release(struct inode *inode, struct file *file)
{
	mock_access_free(file->private_data);
	return 0;
}

static const struct file_operations mock_access_fops = {
	.release = mock_access_release,
	.owner = THIS_MODULE,
};

static struct mock_access *mock_access_create(struct iommufd_ctx *ictx,
					      u32 ioas_id, bool pins)
{
	struct mock_access *mock;
	u32 id;
	int rc;

	mock = kzalloc(sizeof(*mock), GFP_KERNEL_ACCOUNT);
	if (!mock)
		return ERR_PTR(-ENOMEM);
	mock->pins = pins;
	mutex_init(&mock->lock);
	INIT_LIST_HEAD(&mock->items);
	mock->access = iommufd_access_create(ictx, pins ? &mock_pinning_ops :
							  &mock_rw_ops,
					     mock, NULL, &id);
	if (IS_ERR(mock->access)) {
		rc = PTR_ERR(mock->access);
		kfree(mock);
		return ERR_PTR(rc);
	}
	rc = iommufd_access_attach(mock->access, ioas_id);
	if (rc) {
		mock_access_free(mock);
		return ERR_PTR(rc);
	}
	return mock;
}

int mock_op_access_create(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;
	struct mock_access *mock;
	struct file *file;
	int fd, rc;

	if (cmd->access_create.flags & ~MOCK_ACCESS_PINS)
		return -EOPNOTSUPP;
	mock = mock_access_create(call->ictx, cmd->id,
				  cmd->access_create.flags & MOCK_ACCESS_PINS);
	if (IS_ERR(mock))
		return PTR_ERR(mock);
	file = anon_inode_getfile("[iommufd_mock_access]", &mock_access_fops,
				  mock, O_RDWR);
	if (IS_ERR(file)) {
		mock_access_free(mock);
		return PTR_ERR(file);
	}
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		rc = fd;
		goto err_file;
	}
	cmd->access_create.out_fd = fd;
	rc = iommufd_respond(call, sizeof(*cmd));
	if (rc)
		goto err_fd;
	fd_install(fd, file);
	return 0;

err_fd:
	put_unused_fd(fd);
err_file:
	fput(file);
	return rc;
}

/* The access behind a descriptor, until fput() of *@file */
static struct mock_access *mock_access_get(int fd, struct file **file)
{
	*file = fget(fd);
	if (!*file)
		return ERR_PTR(-EBADFD);
	if ((*file)->f_op != &mock_access_fops) {
		fput(*file);
		return ERR_PTR(-EBADFD);
	}
	return (*file)->private_data;
}

int mock_op_access_unpin(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;
	struct mock_access *mock;
	struct mock_item *item;
	struct file *file;
	int rc = -ENOENT;

	mock = mock_access_get(cmd->id, &file);
	if (IS_ERR(mock))
		return PTR_ERR(mock);
	mutex_lock(&mock->lock);
	list_for_each_entry(item, &mock->items, entry)
		if (item->id == cmd->access_unpin.item_id) {
			drop_item(mock, item);
			rc = 0;
			break;
		}
	mutex_unlock(&mock->lock);
	fput(file);
	return rc;
}

/* "The offset in the nth area" as an IOVA */
static int find_syz_iova(struct mock_access *mock, u64 *iova)
{
	u32 nth = *iova, offset = *iova >> 32;
	struct iommufd_ioas *ioas;
	struct iommufd_area *area;
	int rc = -EINVAL;

	down_read(&mock->access->use_lock);
	ioas = mock->access->ioas;
	if (ioas) {
		mutex_lock(&ioas->iova_lock);
		iommufd_for_each_area(area, ioas, 0, ULONG_MAX)
			if (!nth--) {
				*iova = area->iova + offset;
				rc = 0;
				break;
			}
		mutex_unlock(&ioas->iova_lock);
	}
	up_read(&mock->access->use_lock);
	return rc;
}

static int check_pages(struct page **pages, unsigned long npages,
		       unsigned long va)
{
	struct page *page;

	for (; npages; npages--, pages++, va += PAGE_SIZE) {
		if (get_user_pages_fast(va, 1, 0, &page) != 1)
			return -EFAULT;
		put_page(page);
		if (page != *pages)
			return -EBADE;
	}
	return 0;
}

static int mock_pin(struct mock_access *mock, struct iommu_test_cmd *cmd,
		    struct mock_item *item)
{
	unsigned long iova = cmd->access_pin.iova;
	unsigned long length = cmd->access_pin.length;
	unsigned long va = cmd->access_pin.user_va;
	unsigned long npages = PFN_UP(offset_in_page(iova) + length);
	unsigned int flags = IOMMUFD_ACCESS_READ;
	struct page **pages;
	int rc;

	pages = kvcalloc(npages, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return -ENOMEM;
	if (cmd->access_pin.flags & MOCK_ACCESS_WRITE)
		flags = IOMMUFD_ACCESS_WRITE;
	mutex_lock(&mock->lock);
	rc = iommufd_access_pin_pages(mock->access, iova, length, pages, flags);
	mutex_unlock(&mock->lock);
	if (rc)
		goto out_free;
	if (va) {
		rc = check_pages(pages, npages, va - offset_in_page(iova));
		if (rc) {
			iommufd_access_unpin_pages(mock->access, iova, length);
			goto out_free;
		}
	}
	item->iova = iova;
	item->length = length;
	mutex_lock(&mock->lock);
	item->id = mock->next_id++;
	cmd->access_pin.out_item_id = item->id;
	list_add_tail(&item->entry, &mock->items);
	mutex_unlock(&mock->lock);
out_free:
	kvfree(pages);
	return rc;
}

int mock_op_access_pin(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;
	struct mock_access *mock;
	struct mock_item *item;
	struct file *file;
	int rc = 0;

	if (cmd->access_pin.length > MOCK_ACCESS_MAX)
		return -ENOMEM;
	if (cmd->access_pin.flags & ~(MOCK_ACCESS_WRITE | MOCK_ACCESS_SYZ))
		return -EOPNOTSUPP;
	mock = mock_access_get(cmd->id, &file);
	if (IS_ERR(mock))
		return PTR_ERR(mock);
	if (!mock->pins)
		rc = -EOPNOTSUPP;
	else if (cmd->access_pin.flags & MOCK_ACCESS_SYZ)
		rc = find_syz_iova(mock, &cmd->access_pin.iova);
	if (rc)
		goto out_put;
	item = kzalloc(sizeof(*item), GFP_KERNEL_ACCOUNT);
	if (!item) {
		rc = -ENOMEM;
		goto out_put;
	}
	rc = mock_pin(mock, cmd, item);
	if (rc)
		kfree(item);
	else
		/* An item that nobody is told of goes with the access */
		rc = iommufd_respond(call, sizeof(*cmd));
out_put:
	fput(file);
	return rc;
}

static int mock_rw(struct mock_access *mock, struct iommu_test_cmd *cmd)
{
	bool write = cmd->access_rw.flags & MOCK_ACCESS_WRITE;
	void __user *buffer = u64_to_user_ptr(cmd->access_rw.user_va);
	unsigned long length = cmd->access_rw.length;
	void *data;
	int rc = 0;

	data = kvzalloc(length, GFP_KERNEL_ACCOUNT);
	if (!data)
		return -ENOMEM;
	if (write && copy_from_user(data, buffer, length))
		rc = -EFAULT;
	if (!rc)
		rc = iommufd_access_rw(mock->access, cmd->access_rw.iova, data,
				       length, write ? IOMMUFD_ACCESS_WRITE :
						       IOMMUFD_ACCESS_READ);
	if (!rc && !write && copy_to_user(buffer, data, length))
		rc = -EFAULT;
	kvfree(data);
	return rc;
}

/* There is one way to read and write: the slow path is not a choice */
int mock_op_access_rw(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;
	struct mock_access *mock;
	struct file *file;
	int rc = 0;

	if (cmd->access_rw.length > MOCK_ACCESS_MAX)
		return -ENOMEM;
	if (cmd->access_rw.flags &
	    ~(MOCK_ACCESS_WRITE | MOCK_ACCESS_SLOW | MOCK_ACCESS_SYZ))
		return -EOPNOTSUPP;
	mock = mock_access_get(cmd->id, &file);
	if (IS_ERR(mock))
		return PTR_ERR(mock);
	if (cmd->access_rw.flags & MOCK_ACCESS_SYZ)
		rc = find_syz_iova(mock, &cmd->access_rw.iova);
	if (!rc)
		rc = mock_rw(mock, cmd);
	fput(file);
	return rc;
}

int mock_op_access_replace_ioas(struct iommufd_call *call)
{
	struct iommu_test_cmd *cmd = call->cmd;
	struct mock_access *mock;
	struct file *file;
	int rc = 0;

	mock = mock_access_get(cmd->id, &file);
	if (IS_ERR(mock))
		return PTR_ERR(mock);
	if (cmd->access_replace.ioas_id)
		rc = iommufd_access_replace(mock->access,
					    cmd->access_replace.ioas_id);
	else
		iommufd_access_detach(mock->access);
	fput(file);
	return rc;
}
