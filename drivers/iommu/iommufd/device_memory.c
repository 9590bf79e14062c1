// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device memory: memory of a device that others may map for DMA.
 *
 * A driver offers a BAR of its device, for example, as long as it answers. A
 * user, such as an I/O address space, maps it as long as it is available: that
 * is if the device answers (enabled) and nobody wants to have it for himself
 * (blocked). Users are told of every change, and who makes the memory
 * unavailable goes on only when all mappings are gone.
 *
 * The driver may change its mind with locks held that a user needs to change
 * his mappings. So there are two steps: device_memory_set_enabled() notes what
 * will be, under any lock, and device_memory_sync() brings the users there.
 *
 * Locks, outer before inner: change_lock, (locks of a user), lock, state_lock.
 * A user is not held while a change is told, as he may be one who goes away just
 * now, and removing him never waits: his listener is, who waits for that before he
 * goes himself.
 *
 * A DMA-BUF of device memory is a handle for user space to pass on. Importers
 * that want a scatterlist do not get one.
 */
#include <linux/device_memory.h>
#include <linux/dma-buf.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

/**
 * device_memory_alloc() - offer device memory
 * @phys: physical address
 * @length: bytes; both are multiples of the page size
 * @enabled: the device answers
 *
 * Return: the memory with a reference for the caller, or NULL.
 */
struct device_memory *device_memory_alloc(phys_addr_t phys, size_t length,
					  bool enabled)
{
	struct device_memory *memory;

	memory = kzalloc(sizeof(*memory), GFP_KERNEL_ACCOUNT);
	if (!memory)
		return NULL;
	memory->phys = phys;
	memory->length = length;
	refcount_set(&memory->refs, 1);
	mutex_init(&memory->change_lock);
	mutex_init(&memory->lock);
	memory->available = enabled;
	spin_lock_init(&memory->state_lock);
	memory->enabled = enabled;
	INIT_LIST_HEAD(&memory->users);
	return memory;
}
EXPORT_SYMBOL_GPL(device_memory_alloc);

void device_memory_get(struct device_memory *memory)
{
	refcount_inc(&memory->refs);
}
EXPORT_SYMBOL_GPL(device_memory_get);

/**
 * device_memory_put() - drop a reference
 * @memory: the memory
 *
 * Before the driver drops the last one of its own, the memory must have become
 * unavailable for good.
 */
void device_memory_put(struct device_memory *memory)
{
	if (!refcount_dec_and_test(&memory->refs))
		return;
	WARN_ON(!list_empty(&memory->users));
	if (memory->release)
		memory->release(memory);
	else
		kfree(memory);
}
EXPORT_SYMBOL_GPL(device_memory_put);

/*
 * Changes
 */

/**
 * device_memory_set_enabled() - note whether the device answers
 * @memory: the memory
 * @enabled: it does
 *
 * Takes effect with the next device_memory_sync().
 */
void device_memory_set_enabled(struct device_memory *memory, bool enabled)
{
	spin_lock(&memory->state_lock);
	memory->enabled = enabled;
	spin_unlock(&memory->state_lock);
}
EXPORT_SYMBOL_GPL(device_memory_set_enabled);

/* Who was not told of the last change yet, with a reference */
static struct device_memory_listener *
next_listener(struct device_memory *memory)
{
	struct device_memory_listener *found = NULL;
	struct device_memory_user *user;

	spin_lock(&memory->state_lock);
	list_for_each_entry(user, &memory->users, entry) {
		if (user->generation == memory->generation)
			continue;
		user->generation = memory->generation;
		found = user->listener;
		refcount_inc(&found->refs);
		break;
	}
	spin_unlock(&memory->state_lock);
	return found;
}

static void put_listener(struct device_memory_listener *listener)
{
	if (refcount_dec_and_test(&listener->refs))
		complete(&listener->gone);
}

/* Return whether it has changed */
static bool update_available(struct device_memory *memory)
{
	bool available, changed;

	mutex_lock(&memory->lock);
	spin_lock(&memory->state_lock);
	available = memory->enabled && !memory->blocked;
	changed = available != memory->available;
	if (changed)
		memory->generation++;
	spin_unlock(&memory->state_lock);
	memory->available = available;
	mutex_unlock(&memory->lock);
	return changed;
}

/**
 * device_memory_sync() - bring all users to the present state
 * @memory: the memory
 *
 * When this returns and the memory is not available, nobody has it mapped. The
 * caller holds no lock under which user space's memory is faulted in.
 */
void device_memory_sync(struct device_memory *memory)
{
	struct device_memory_listener *listener;

	mutex_lock(&memory->change_lock);
	if (update_available(memory)) {
		while ((listener = next_listener(memory))) {
			listener->changed(memory, listener);
			put_listener(listener);
		}
	}
	mutex_unlock(&memory->change_lock);
}
EXPORT_SYMBOL_GPL(device_memory_sync);

/**
 * device_memory_block() - let nobody map the memory
 * @memory: the memory
 *
 * Until as many calls of device_memory_unblock().
 */
void device_memory_block(struct device_memory *memory)
{
	spin_lock(&memory->state_lock);
	memory->blocked++;
	spin_unlock(&memory->state_lock);
	device_memory_sync(memory);
}
EXPORT_SYMBOL_GPL(device_memory_block);

/* Undo one device_memory_block() */
void device_memory_unblock(struct device_memory *memory)
{
	spin_lock(&memory->state_lock);
	if (!WARN_ON(!memory->blocked))
		memory->blocked--;
	spin_unlock(&memory->state_lock);
	device_memory_sync(memory);
}
EXPORT_SYMBOL_GPL(device_memory_unblock);

/*
 * Users
 */

/**
 * device_memory_init_listener() - prepare to be told of changes
 * @listener: filled in
 * @changed: see struct device_memory_listener
 */
void device_memory_init_listener(struct device_memory_listener *listener,
				 void (*changed)(struct device_memory *memory,
						 struct device_memory_listener *listener))
{
	listener->changed = changed;
	refcount_set(&listener->refs, 1);
	init_completion(&listener->gone);
}
EXPORT_SYMBOL_GPL(device_memory_init_listener);

/**
 * device_memory_end_listener() - wait until nobody is telling of a change
 * @listener: has no users any more; can be freed after this
 */
void device_memory_end_listener(struct device_memory_listener *listener)
{
	put_listener(listener);
	wait_for_completion(&listener->gone);
}
EXPORT_SYMBOL_GPL(device_memory_end_listener);

/**
 * device_memory_add_user() - have a listener told of changes
 * @user: filled in
 * @memory: the memory, of which @user gets a reference
 * @listener: is told of changes as long as there is a user
 */
void device_memory_add_user(struct device_memory_user *user,
			    struct device_memory *memory,
			    struct device_memory_listener *listener)
{
	device_memory_get(memory);
	user->memory = memory;
	user->listener = listener;
	spin_lock(&memory->state_lock);
	user->generation = memory->generation;
	list_add_tail(&user->entry, &memory->users);
	spin_unlock(&memory->state_lock);
}
EXPORT_SYMBOL_GPL(device_memory_add_user);

/**
 * device_memory_remove_user() - undo device_memory_add_user()
 * @user: has nothing mapped any more
 *
 * The listener may still be told, see device_memory_end_listener().
 */
void device_memory_remove_user(struct device_memory_user *user)
{
	struct device_memory *memory = user->memory;

	spin_lock(&memory->state_lock);
	list_del(&user->entry);
	spin_unlock(&memory->state_lock);
	device_memory_put(memory);
}
EXPORT_SYMBOL_GPL(device_memory_remove_user);

/*
 * Mappings of user space
 */

static LIST_HEAD(finders);
static DEFINE_SPINLOCK(finders_lock);

void device_memory_add_finder(struct device_memory_finder *finder)
{
	spin_lock(&finders_lock);
	list_add(&finder->entry, &finders);
	spin_unlock(&finders_lock);
}
EXPORT_SYMBOL_GPL(device_memory_add_finder);

void device_memory_remove_finder(struct device_memory_finder *finder)
{
	spin_lock(&finders_lock);
	list_del(&finder->entry);
	spin_unlock(&finders_lock);
}
EXPORT_SYMBOL_GPL(device_memory_remove_finder);

static struct device_memory *find_in_vma(struct vm_area_struct *vma,
					 unsigned long va, size_t *offset)
{
	struct device_memory_finder *finder;
	struct device_memory *memory = NULL;

	spin_lock(&finders_lock);
	list_for_each_entry(finder, &finders, entry) {
		if (finder->vm_ops == vma->vm_ops) {
			memory = finder->find(vma, va, offset);
			break;
		}
	}
	spin_unlock(&finders_lock);
	return memory;
}

/**
 * device_memory_find() - the device memory that the current process has mapped
 * @va: user address
 * @length: bytes, in one mapping
 * @write: the mapping must be writeable
 * @offset: returns the offset of @va in the memory
 *
 * Return: the memory with a reference for the caller, or NULL if there is
 * something else.
 */
struct device_memory *device_memory_find(unsigned long va, size_t length,
					 bool write, size_t *offset)
{
	struct device_memory *memory = NULL;
	struct vm_area_struct *vma;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, va);
	if (vma && vma->vm_end - va >= length && (vma->vm_flags & VM_READ) &&
	    (!write || (vma->vm_flags & VM_WRITE)))
		memory = find_in_vma(vma, va, offset);
	mmap_read_unlock(current->mm);
	if (memory && (*offset > memory->length ||
		       memory->length - *offset < length)) {
		device_memory_put(memory);
		memory = NULL;
	}
	return memory;
}
EXPORT_SYMBOL_GPL(device_memory_find);

/*
 * DMA-BUF
 */

/**
 * struct exported - what a DMA-BUF is a handle of
 * @memory: the memory
 * @offset: where the DMA-BUF begins in it
 */
struct exported {
	struct device_memory *memory;
	size_t offset;
};

static struct sg_table *refuse_map(struct dma_buf_attachment *attachment,
				   enum dma_data_direction direction)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void never_unmap(struct dma_buf_attachment *attachment,
			struct sg_table *table,
			enum dma_data_direction direction)
{
}

static void release_exported(struct dma_buf *dmabuf)
{
	struct exported *exported = dmabuf->priv;

	device_memory_put(exported->memory);
	kfree(exported);
}

static const struct dma_buf_ops device_memory_dma_buf_ops = {
	.map_dma_buf = refuse_map,
	.unmap_dma_buf = never_unmap,
	.release = release_exported,
};

/**
 * device_memory_export() - make a DMA-BUF of device memory
 * @memory: the memory
 * @offset: first byte
 * @length: bytes, all in the memory
 * @flags: of open(), for the file
 *
 * Return: the DMA-BUF, or an ERR_PTR.
 */
struct dma_buf *device_memory_export(struct device_memory *memory,
				     size_t offset, size_t length, int flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct exported *exported;
	struct dma_buf *dmabuf;

	exported = kzalloc(sizeof(*exported), GFP_KERNEL_ACCOUNT);
	if (!exported)
		return ERR_PTR(-ENOMEM);
	exported->memory = memory;
	exported->offset = offset;
	info.exp_name = "device memory";
	info.ops = &device_memory_dma_buf_ops;
	info.size = length;
	info.flags = flags;
	info.priv = exported;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf))
		kfree(exported);
	else
		device_memory_get(memory);
	return dmabuf;
}
EXPORT_SYMBOL_GPL(device_memory_export);

/**
 * device_memory_of_dma_buf() - look behind a DMA-BUF
 * @dmabuf: any DMA-BUF
 * @offset: returns where it begins in the memory
 *
 * Return: the memory, without a reference, or NULL if it is another kind of
 * DMA-BUF.
 */
struct device_memory *device_memory_of_dma_buf(struct dma_buf *dmabuf,
					       size_t *offset)
{
	struct exported *exported = dmabuf->priv;

	if (dmabuf->ops != &device_memory_dma_buf_ops)
		return NULL;
	*offset = exported->offset;
	return exported->memory;
}
EXPORT_SYMBOL_GPL(device_memory_of_dma_buf);
