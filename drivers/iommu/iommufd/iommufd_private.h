/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of /dev/iommu know of each other.
 *
 * main.c	the device node, the table of ioctls, lifetime of the descriptor
 * object.c	IDs, reference counts and destruction of every kind of object
 * ioas.c	ioctls on address spaces: the IOVA -> memory map
 * iova.c	which IOVAs an address space may use
 * area.c	areas, and the tree that has those of an address space
 * hwpt.c	hardware page tables: making, filling and ending them
 * dirty.c	what devices wrote through a hardware page table
 * nesting.h	user-managed tables: see there
 * fault.c	faults of devices, for user space
 * queue_file.c	the files that queues are read from
 * device.c	bound devices, their groups, attach
 * device_info.c	what user space can ask of a bound device
 * access.c	users of an address space inside the kernel
 * memory.c	registered memory
 * pages.c	memory of an area into and out of the hardware tables
 * share.c	memory that is pinned once for several users
 * table.c	runs of contiguous memory in and out of a hardware table
 * file.c	memory files as a source of memory
 * device_memory.c	memory of devices that can be revoked
 * mmio.c	device memory as a source of memory
 * noiommu.c	devices without an IOMMU
 * source.c	where memory comes from: pinning and accounting
 * vfio_compat.c	an IOMMU fd as a container of VFIO groups
 * vfio_type1.c	the ioctls of such a container that map and unmap
 * stage.c	which stage of translation a table is
 * fdinfo.c	/proc/PID/fdinfo: how much there is
 * debugfs.c	a listing of everything, for root
 * trace.h	trace events
 *
 * Data flows down this list, with one exception: ioas.c and hwpt.c use each
 * other, as tables follow an address space and the address space follows the
 * limits of its tables.
 *
 * Locks, outer before inner:
 *
 *  ictx->vfio.lock		the groups of VFIO, and what they are attached to
 *  ioas->nest_lock		rwsem. The children of a parent, and what they have of
 *				it. A parent's before that of its child
 *  access->change_lock	what an access is attached to
 *  ioas->accesses_lock	rwsem. The set of accesses. Held for reading while
 *				they are told of an unmap, without any lock below
 *  (locks of an in-kernel user, taken in his unmap op)
 *  access->use_lock		rwsem. Held for reading while the access is used
 *  ictx->groups_lock		lists of groups, devices and accesses; bind and unbind
 *  igroup->lock		what the group is attached to
 *  ioas->attach_lock		choice and making of automatic tables
 *  hwpt->dirty_lock		whether dirty tracking of the table is on
 *  ioas->tables_lock		rwsem. The set of tables. Everybody who looks into
 *				or changes a table, or the memory behind an area,
 *				holds it; a change of the set, or of the devices
 *				that use a table, holds it for writing
 *  ioas->mmio_lock		which device memory is in the tables. Held to change
 *				that, the set of tables, and the devices that use
 *				one; never while memory of user space is touched
 *  ioas->iova_lock		areas, reserved and allowed IOVAs. Held briefly:
 *				never while memory of user space is touched, or
 *				other memory than that of devices mapped
 *  ictx->memories_lock		(spinlock) registered memory
 *  device_memory->lock		whether memory of a device can be mapped
 *  share->lock			memory that several users share: who holds it
 *  queue->answer_lock		(of faults) held to answer page requests
 *  igroup->fault_lock		(spinlock) where faults go
 *  queue->requests.xa_lock	(spinlock) faults
 *  ictx->change_lock		held while the payer of files changes
 *  source->payer_lock		who pays for the pages of a file
 *  mmap_lock			(of the mm)
 *  ictx->objects.xa_lock	(spinlock)
 *  viommu->queues_lock	(spinlock) queues of events. May be taken by a driver that
 *				cannot sleep
 *  queue->lock			(spinlock) events
 *
 * Two address spaces are never locked at once, but for a group that goes from one
 * to the other: iova_lock of the one that it leaves is taken while attach_lock of
 * the other is held, and tables_lock and mmio_lock of both, those at the lower
 * address first.
 *
 * What in-kernel users are called back for, they may undo with no lock of an
 * IOAS but iova_lock and share->lock: so they may hold locks of their own that
 * they also pin under.
 */
#ifndef __IOMMUFD_PRIVATE_H
#define __IOMMUFD_PRIVATE_H

#include <linux/device_memory.h>
#include <linux/interval_tree.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>
#include <uapi/linux/iommufd.h>

struct dma_buf;
struct file;
struct iommufd_area;
struct iommufd_device;
struct iommufd_fault_queue;
struct iommufd_group;
struct iommufd_hwpt;
struct iommufd_ioas;
struct iommufd_source;
struct iommufd_vdevice;
struct iommufd_vfio_group;
struct iommufd_viommu;
struct maple_tree;
struct mm_struct;
struct page;
struct seq_file;
struct task_struct;
struct user_struct;
struct vm_area_struct;

/*
 * The descriptor
 */

/**
 * struct iommufd_vfio - what makes an IOMMU fd a container of VFIO groups
 * @lock: protects what follows, but for @ioas and @chosen
 * @groups: struct iommufd_vfio_group
 * @noiommu: @groups are of devices without IOMMU
 * @type: what VFIO_SET_IOMMU has set, 0: nothing. May be read without the lock
 * @map_limit: how many mappings VFIO_IOMMU_MAP_DMA may make. As @type
 * @dirty_tracking: between start and stop. As @type
 * @ioas: the compatibility IOAS, or NULL. Protected by the xa_lock of the
 *        context's objects, changes by @lock, too, unless the IOAS goes
 * @chosen: user space has set @ioas. As @ioas
 */
struct iommufd_vfio {
	struct mutex lock;
	struct list_head groups;
	bool noiommu;
	u32 type;
	unsigned int map_limit;
	bool dirty_tracking;
	struct iommufd_ioas *ioas;
	bool chosen;
};

/**
 * struct iommufd_ctx - an open /dev/iommu
 * @file: the open file; its reference count is that of the context
 * @objects: all objects, by ID
 * @object_gone: woken when a temporary reference to an object is dropped
 * @groups_lock: protects @groups, @devices and @accesses
 * @groups: struct iommufd_group of which devices are bound here
 * @devices: struct iommufd_device bound here
 * @accesses: struct iommufd_access of this context
 * @sources_lock: protects @sources
 * @sources: struct iommufd_source with mappings in this context
 * @memories_lock: protects @memories
 * @memories: struct iommufd_memory: registered memory
 * @change_lock: held while the payer of files changes
 * @rlimit_mode: IOMMU_OPTION_RLIMIT_MODE
 * @free_mode: everybody has this mode, by opening the file as a container
 * @memory_listener: is told of changes of device memory
 * @vfio: what makes it a container of VFIO groups
 * @number: what fdinfo, debugfs and trace events call it; never used again
 * @debugfs_entry: in the list of all contexts
 */
struct iommufd_ctx {
	struct file *file;
	struct xarray objects;
	wait_queue_head_t object_gone;
	struct mutex groups_lock;
	struct list_head groups;
	struct list_head devices;
	struct list_head accesses;
	spinlock_t sources_lock;
	struct list_head sources;
	spinlock_t memories_lock;
	struct list_head memories;
	struct mutex change_lock;
	u8 rlimit_mode;
	bool free_mode;
	struct device_memory_listener memory_listener;
	struct iommufd_vfio vfio;
	u64 number;
#ifdef CONFIG_IOMMUFD_DEBUGFS
	struct list_head debugfs_entry;
#endif
};

/**
 * struct iommufd_call - one ioctl being served
 * @ictx: on this descriptor
 * @ubuffer: where the struct of the caller is
 * @user_size: its size
 * @cmd: a copy of it, zero extended to the size that the kernel knows
 */
struct iommufd_call {
	struct iommufd_ctx *ictx;
	void __user *ubuffer;
	u32 user_size;
	void *cmd;
};

/* Give the caller its struct back, as far as it knows the struct */
static inline int iommufd_respond(struct iommufd_call *call, size_t cmd_len)
{
	if (copy_to_user(call->ubuffer, call->cmd,
			 min_t(size_t, call->user_size, cmd_len)))
		return -EFAULT;
	return 0;
}

/*
 * Objects
 */
enum iommufd_object_type {
	IOMMUFD_OBJ_ANY,
	IOMMUFD_OBJ_ACCESS,
	IOMMUFD_OBJ_DEVICE,
	IOMMUFD_OBJ_FAULT_QUEUE,
	IOMMUFD_OBJ_HWPT,
	IOMMUFD_OBJ_HWPT_NESTED,
	IOMMUFD_OBJ_IOAS,
	IOMMUFD_OBJ_MEMORY,
#ifdef CONFIG_IOMMUFD_TEST
	IOMMUFD_OBJ_SELFTEST,
#endif
	IOMMUFD_OBJ_VDEVICE,
	IOMMUFD_OBJ_VEVENTQ,
	IOMMUFD_OBJ_VIOMMU,
	IOMMUFD_OBJ_MAX,
};

/**
 * struct iommufd_object - first member of everything that has an ID
 * @refs: one for the ID, one for each ioctl that works with the object now.
 *        Destruction waits for the latter
 * @users: things that need the object to exist for longer: destruction is
 *         refused. Protected by the xa_lock of the context's objects
 * @dying: destruction has begun, no new users. Same lock
 * @type: kind
 * @id: ID in the context
 */
struct iommufd_object {
	refcount_t refs;
	unsigned int users;
	bool dying;
	u8 type;
	u32 id;
};

/**
 * struct iommufd_object_ops - one kind of object
 * @name: of the kind, for fdinfo and debugfs
 * @destroy: let go of all that the object holds; cannot fail. The memory of
 *           the object is freed by the caller
 * @kernel_owned: user space cannot destroy it
 */
struct iommufd_object_ops {
	const char *name;
	void (*destroy)(struct iommufd_ctx *ictx, struct iommufd_object *obj);
	bool kernel_owned;
};

extern const struct iommufd_object_ops iommufd_object_ops[IOMMUFD_OBJ_MAX];

void *__iommufd_object_alloc(struct iommufd_ctx *ictx, size_t size,
			     enum iommufd_object_type type);
void iommufd_object_publish(struct iommufd_ctx *ictx,
			    struct iommufd_object *obj);
void iommufd_object_abort(struct iommufd_ctx *ictx, struct iommufd_object *obj);
struct iommufd_object *iommufd_object_next(struct iommufd_ctx *ictx,
					   enum iommufd_object_type type,
					   u32 *id);
struct iommufd_object *iommufd_object_get(struct iommufd_ctx *ictx, u32 id,
					  enum iommufd_object_type type);
bool iommufd_object_get_alive(struct iommufd_ctx *ictx,
			      struct iommufd_object *obj);
void iommufd_object_put(struct iommufd_ctx *ictx, struct iommufd_object *obj);
int iommufd_object_use(struct iommufd_ctx *ictx, struct iommufd_object *obj);
void iommufd_object_unuse(struct iommufd_ctx *ictx, struct iommufd_object *obj);
int iommufd_object_destroy(struct iommufd_ctx *ictx,
			   struct iommufd_object *obj);
int iommufd_object_bury(struct iommufd_ctx *ictx, struct iommufd_object *obj);
void iommufd_object_destroy_all(struct iommufd_ctx *ictx);
int iommufd_destroy(struct iommufd_call *call);

/**
 * struct iommufd_queue_file - the kind of file that a queue is read from
 * @name: what /proc calls it
 * @fops: operations
 * @flags: O_RDONLY or O_RDWR
 */
struct iommufd_queue_file {
	const char *name;
	const struct file_operations *fops;
	int flags;
};

int iommufd_queue_publish(struct iommufd_call *call, size_t cmd_len,
			  struct iommufd_object *obj,
			  const struct iommufd_queue_file *file_type,
			  __u32 *out_id, __u32 *out_fd);

#define iommufd_object_alloc(ictx, ptr, type)                                  \
	((typeof(ptr))__iommufd_object_alloc(                                  \
		ictx,                                                          \
		sizeof(*(ptr)) + BUILD_BUG_ON_ZERO(                            \
					 offsetof(typeof(*(ptr)), obj) != 0),  \
		type))

/*
 * Memory: whose it is, and areas of it
 */

/**
 * struct iommufd_payer - a process that pays for pinned pages
 * @mode: what is charged for a page
 * @mm: its mm; the struct is held, the address space is not
 * @task: whose RLIMIT_MEMLOCK counts
 * @cred: its credentials, which @mode is of; their user is charged with
 *        IOMMUFD_PAY_USER
 */
struct iommufd_payer {
	enum iommufd_pay_mode {
		IOMMUFD_PAY_NONE,
		IOMMUFD_PAY_USER,
		IOMMUFD_PAY_MM,
	} mode;
	struct mm_struct *mm;
	struct task_struct *task;
	const struct cred *cred;
};

/**
 * struct iommufd_source_ops - a kind of memory
 * @init: take hold of the object of a new source
 * @release: let go of it
 * @check: find out whether memory at a position can never be pinned. Asked when
 *         it is not pinned at once
 * @pin: pin at most npages from position pos on, for as long as it takes.
 *       Returns how many, at least one, or an error. NULL for device memory:
 *       there is nothing to pin
 * @pin_huge: the same for what one huge page has, returning the first page; or
 *            0 if there is none. Optional
 * @payer_changes: IOMMU_IOAS_CHANGE_PROCESS can make another process pay
 */
struct iommufd_source_ops {
	void (*init)(struct iommufd_source *source, void *object);
	void (*release)(struct iommufd_source *source);
	int (*check)(struct iommufd_source *source, unsigned long pos);
	long (*pin)(struct iommufd_source *source, unsigned long pos,
		    unsigned long npages, bool writeable, struct page **pages);
	unsigned long (*pin_huge)(struct iommufd_source *source,
				  unsigned long pos, unsigned long npages,
				  bool writeable, struct page **page);
	bool payer_changes;
};

/**
 * struct iommufd_source - where memory comes from, and who pays for it
 * @entry: in the sources of @ictx
 * @ictx: context
 * @refs: one for each area
 * @ops: its kind
 * @object: the file, or the device memory; NULL for user memory, which is that
 *          of the payer
 * @memory_user: of device memory
 * @payer_lock: protects @payer if that can change, and @pinned then
 * @payer: who is charged. Changes under ictx->sources_lock, too
 * @pinned: pages that are charged
 */
struct iommufd_source {
	struct list_head entry;
	struct iommufd_ctx *ictx;
	refcount_t refs;
	const struct iommufd_source_ops *ops;
	void *object;
	struct device_memory_user memory_user;
	struct mutex payer_lock;
	struct iommufd_payer payer;
	atomic_long_t pinned;
};

extern const struct iommufd_source_ops iommufd_user_memory;
extern const struct iommufd_source_ops iommufd_file_memory;
extern const struct iommufd_source_ops iommufd_device_memory;

struct iommufd_source *iommufd_source_get(struct iommufd_ctx *ictx,
					  const struct iommufd_source_ops *ops,
					  void *object);
struct iommufd_source *iommufd_source_get_current(struct iommufd_ctx *ictx);
struct iommufd_source *iommufd_source_ref(struct iommufd_source *source);
void iommufd_source_put(struct iommufd_source *source);
unsigned long iommufd_source_ino(const struct iommufd_source *source);
bool iommufd_source_same_process(const struct iommufd_source *a,
				 const struct iommufd_source *b);
long iommufd_pin(struct iommufd_source *source, unsigned long pos,
		 unsigned long npages, bool writeable, struct page **pages);
long iommufd_pin_uncharged(struct iommufd_source *source, unsigned long pos,
			   unsigned long npages, bool writeable,
			   struct page **pages);
unsigned long iommufd_pin_huge(struct iommufd_source *source, unsigned long pos,
			       unsigned long npages, bool writeable,
			       struct page **page);
void iommufd_unpin(unsigned long pfn, unsigned long npages, bool writeable);
int iommufd_charge(struct iommufd_source *source, unsigned long npages);
void iommufd_uncharge(struct iommufd_source *source, unsigned long npages);
int iommufd_sources_change_payer(struct iommufd_ctx *ictx);

/**
 * struct iommufd_share - pinned memory that several users have in common
 * @refs: one for each holder
 * @writeable: who began the share may write. All others have the same or less.
 *             Pages are pinned for that, whoever pins them, as others take
 *             them over from him
 * @leak: a table may still have pages that it should not: no page is unpinned
 * @lock: protects what follows; held while pages of the share are pinned or
 *        unpinned
 * @holders: struct iommufd_holder by page number in the source: those that
 *           have all their pages pinned, but for areas of registered memory
 * @pinned: struct iommufd_pinned by page number in the source: pages that are
 *          pinned for users inside the kernel
 */
struct iommufd_share {
	refcount_t refs;
	bool writeable;
	bool leak;
	struct mutex lock;
	struct rb_root_cached holders;
	struct xarray pinned;
};

/**
 * struct iommufd_holder - a range of pages of a share that is pinned as a whole
 * @pages: page numbers in the source
 * @share: shared with
 * @area: the area that has them mapped, or NULL for registered memory
 * @memory: registered memory that the area maps, which has it as a user; or NULL
 * @users: users inside the kernel who work with the area now, and pages that
 *         they pinned through it: it is not unmapped before they let go.
 *         Protected by ioas->iova_lock
 */
struct iommufd_holder {
	struct interval_tree_node pages;
	struct iommufd_share *share;
	struct iommufd_area *area;
	struct iommufd_object *memory;
	unsigned long users;
};

/**
 * struct iommufd_pinned - a page that is pinned for users inside the kernel
 * @page: the page
 * @count: how often
 */
struct iommufd_pinned {
	struct page *page;
	unsigned long count;
};

enum iommufd_area_state {
	/* In the tree to keep its IOVAs; memory not mapped yet */
	IOMMUFD_AREA_MAPPING,
	IOMMUFD_AREA_MAPPED,
	/* Being unmapped; wait for it on ioas->area_gone */
	IOMMUFD_AREA_UNMAPPING,
};

/**
 * struct iommufd_area - a range of IOVAs mapped to a range of a source
 * @node: in the areas of the IOAS, which do not overlap
 * @iova: first IOVA
 * @last: last IOVA, inclusive
 * @pos: where the memory of @iova is in the source: its user address, or the
 *       offset in the file
 * @source: whose memory
 * @ioas: where
 * @holder: set once the memory is shared with another area
 * @prot: IOMMU_READ, IOMMU_WRITE and so on
 * @state: of enum iommufd_area_state; protected by ioas->iova_lock
 * @absent: device memory that is in no table: it is not available now, or there is
 *          none. Protected by ioas->mmio_lock
 * @derived: a copy from the parent of @ioas (derived.c)
 *
 * An area in an IOAS with tables has its pages pinned, and mapped in every
 * table. The page numbers are kept in the tables only. An area in an IOAS
 * without tables pins nothing.
 */
struct iommufd_area {
	struct rb_node node;
	unsigned long iova;
	unsigned long last;
	unsigned long pos;
	struct iommufd_source *source;
	struct iommufd_ioas *ioas;
	struct iommufd_holder *holder;
	u16 prot;
	u8 state;
	bool absent;
	bool derived;
};

/* Memory of a device, which is not pinned */
static inline bool iommufd_area_is_mmio(const struct iommufd_area *area)
{
	return !area->source->ops->pin;
}

static inline unsigned long iommufd_area_length(struct iommufd_area *area)
{
	return area->last - area->iova + 1;
}

static inline unsigned long iommufd_area_first_page(const struct iommufd_area *area)
{
	return area->pos >> PAGE_SHIFT;
}

static inline unsigned long iommufd_area_last_page(const struct iommufd_area *area)
{
	return (area->pos + (area->last - area->iova)) >> PAGE_SHIFT;
}

struct iommufd_share *iommufd_share_alloc(bool writeable);
void iommufd_share_put(struct iommufd_share *share);
int iommufd_area_join(struct iommufd_area *area, struct iommufd_share *share,
		      struct iommufd_object *memory);
int iommufd_area_begin_share(struct iommufd_area *area);
int iommufd_area_share(struct iommufd_area *area, struct iommufd_area *copy);
void iommufd_area_unshare(struct iommufd_area *area);
unsigned long iommufd_share_next(struct iommufd_share *share,
				 unsigned long first, unsigned long last,
				 struct iommufd_holder **holder,
				 struct iommufd_pinned **pinned);
unsigned long iommufd_holder_read(struct iommufd_holder *holder,
				  unsigned long pos, unsigned long length,
				  phys_addr_t *phys);
unsigned long iommufd_holder_read_runs(struct iommufd_holder *holder,
				       unsigned long pos, unsigned long length,
				       struct iommu_runs *runs);
int iommufd_share_pin(struct iommufd_area *area, unsigned long first,
		      unsigned long npages, struct page **pages);
void iommufd_share_unpin(struct iommufd_area *area, unsigned long first,
			 unsigned long npages);
int iommufd_share_copy(struct iommufd_area *area, unsigned long pos,
		       void *data, unsigned long length, bool write);
int iommufd_memory_register(struct iommufd_call *call);
void iommufd_memory_destroy(struct iommufd_ctx *ictx,
			    struct iommufd_object *obj);
int iommufd_memory_join(struct iommufd_area *area);
struct iommufd_holder *iommufd_memory_holder(struct iommufd_object *obj);
unsigned long iommufd_memory_read(struct iommufd_holder *holder,
				  unsigned long pos, unsigned long length,
				  phys_addr_t *phys);
unsigned long iommufd_memory_read_runs(struct iommufd_holder *holder,
				       unsigned long pos, unsigned long length,
				       struct iommu_runs *runs);
int iommufd_area_fill(struct iommufd_area *area);
int iommufd_area_fill_table(struct iommufd_area *area,
			    struct iommufd_hwpt *hwpt);
void iommufd_area_unfill(struct iommufd_area *area);
void iommufd_area_sync_holder(struct iommufd_area *area);
int iommufd_mmio_fill(struct iommufd_area *area);
void iommufd_mmio_unfill(struct iommufd_area *area);
void iommufd_mmio_erase(struct iommufd_area *area);
void iommufd_memory_changed(struct device_memory *memory,
			    struct device_memory_listener *listener);
int iommufd_mmio_fill_table(struct iommufd_area *area,
			    struct iommufd_hwpt *hwpt);
void iommufd_mmio_remove_last(struct iommufd_ioas *ioas,
			      struct iommufd_hwpt *hwpt);

/*
 * Stages of translation
 */

/**
 * enum iommufd_stage - what a hardware table is to its IOMMU
 * @IOMMUFD_STAGE_1: a plain table. An IOMMU that has one kind has this one
 * @IOMMUFD_STAGE_2: a plain table in the format that nesting has for parents
 * @IOMMUFD_STAGE_NESTED: a table that can be the parent of a user's own tables
 */
enum iommufd_stage {
	IOMMUFD_STAGE_1,
	IOMMUFD_STAGE_2,
	IOMMUFD_STAGE_NESTED,
};

int iommufd_choose_stage(enum iommufd_stage wanted, unsigned int supported,
			 bool may_degrade);
unsigned int iommufd_stages(struct device *dev, struct iommu_domain *domain);

/*
 * Address spaces
 */

/**
 * struct iommufd_ioas - an I/O address space
 * @obj: object
 * @ictx: context
 * @attach_lock: held to choose or make the table of a device
 * @tables_lock: protects @tables and @storage
 * @tables: struct iommufd_hwpt that follow this IOAS
 * @storage: one of @tables, or NULL: page numbers are read from here. Areas of
 *           other IOASes that share memory read it under share->lock
 * @accesses_lock: protects @accesses; a change of it holds @tables_lock for
 *                 writing, too
 * @accesses: struct iommufd_access attached to this IOAS, by ID
 * @mmio_lock: held to change what areas of device memory are in @tables, and to
 *             change @tables
 * @iova_lock: protects what follows
 * @areas: struct iommufd_area by IOVA
 * @num_areas: number of areas
 * @mapped: bytes of the areas that are IOMMUFD_AREA_MAPPED
 * @area_gone: woken when an area ends IOMMUFD_AREA_UNMAPPING, and when the
 *             last user inside the kernel has let one go
 * @reserved: struct iommufd_iova_node: IOVAs that cannot be used
 * @allowed: struct iommufd_iova_node: IOVAs that must not become reserved
 * @alignment: of IOVA, length and user address of every area
 * @first_free: where automatic allocation begins to look, for small and for
 *              large mappings; never 0
 * @huge_pages: IOMMU_OPTION_HUGE_PAGES
 * @noiommu_devices: attached devices without an IOMMU
 * @of_container: made for groups of VFIO; its mappings go with the last of them
 * @nest_lock: held for writing to change @children, and to unmap what they may
 *             have copied; for reading while they copy
 * @children: IOASes that are software-nested in this one. A change holds
 *            @iova_lock, too
 * @sibling: in the children of @parent
 * @parent: the IOAS that this one is nested in, or NULL
 * @depth: number of its ancestors
 * @derived: derived areas by IOVA of the parent; protected by @iova_lock
 */
struct iommufd_ioas {
	struct iommufd_object obj;
	struct iommufd_ctx *ictx;
	struct mutex attach_lock;
	struct rw_semaphore tables_lock;
	struct list_head tables;
	struct iommufd_hwpt *storage;
	struct rw_semaphore accesses_lock;
	struct xarray accesses;
	struct mutex mmio_lock;
	struct mutex iova_lock;
	struct rb_root areas;
	unsigned long num_areas;
	unsigned long mapped;
	wait_queue_head_t area_gone;
	struct rb_root_cached reserved;
	struct rb_root_cached allowed;
	unsigned long alignment;
	unsigned long first_free[2];
	bool huge_pages;
	unsigned int noiommu_devices;
	bool of_container;
	struct rw_semaphore nest_lock;
	struct list_head children;
	struct list_head sibling;
	struct iommufd_ioas *parent;
	unsigned int depth;
	struct rb_root_cached derived;
};

static inline struct iommufd_ioas *iommufd_get_ioas(struct iommufd_ctx *ictx,
						    u32 id)
{
	struct iommufd_object *obj =
		iommufd_object_get(ictx, id, IOMMUFD_OBJ_IOAS);

	return IS_ERR(obj) ? ERR_CAST(obj) :
			     container_of(obj, struct iommufd_ioas, obj);
}

/* Flag of map inside the kernel: count against ictx->vfio.map_limit */
#define IOMMUFD_MAP_LIMITED BIT(30)

struct iommufd_ioas *iommufd_ioas_alloc(struct iommufd_ctx *ictx);
int iommufd_ioas_alloc_ioctl(struct iommufd_call *call);
int iommufd_ioas_map(struct iommufd_call *call);
int iommufd_ioas_map_file(struct iommufd_call *call);
int iommufd_ioas_map_mmio(struct iommufd_ctx *ictx, u32 ioas_id, u64 user_va,
			  u64 length, u32 flags, u64 iova,
			  u64 __user *out_iova);
int iommufd_ioas_map_user(struct iommufd_ctx *ictx, u32 ioas_id, u64 user_va,
			  u64 length, u32 flags, u64 iova,
			  u64 __user *out_iova);
int iommufd_ioas_unmap_range(struct iommufd_ioas *ioas, unsigned long iova,
			     unsigned long last, unsigned long *unmapped);
void iommufd_ioas_unmap_derived(struct iommufd_ioas *child, unsigned long iova,
				unsigned long last);
int iommufd_ioas_map_dma_buf(struct iommufd_call *call, struct dma_buf *dmabuf);
int iommufd_ioas_change_process(struct iommufd_call *call);
int iommufd_check_range(u64 start, u64 length);
int iommufd_ioas_check_map(u32 flags, u64 pos, u64 length, u64 iova);
int iommufd_ioas_map_source(struct iommufd_ctx *ictx, u32 ioas_id,
			    struct iommufd_source *source, u64 pos, u64 length,
			    u32 flags, u64 iova, u64 __user *out_iova);
int iommufd_ioas_copy(struct iommufd_call *call);
int iommufd_ioas_unmap(struct iommufd_call *call);
int iommufd_ioas_iova_ranges(struct iommufd_call *call);
int iommufd_ioas_allow_iovas(struct iommufd_call *call);
int iommufd_option(struct iommufd_call *call);
void iommufd_ioas_destroy(struct iommufd_ctx *ictx, struct iommufd_object *obj);
void iommufd_ioas_init(struct iommufd_ioas *ioas, struct iommufd_ctx *ictx);

int iommufd_area_cache_init(void);
void iommufd_area_cache_exit(void);
struct iommufd_area *iommufd_area_alloc(struct iommufd_source *source,
					unsigned long pos, unsigned long length,
					u16 prot);
void iommufd_area_init(struct iommufd_area *area,
		       struct iommufd_source *source, unsigned long pos,
		       unsigned long length, u16 prot);
void iommufd_area_free(struct iommufd_area *area);
int iommufd_area_insert(struct iommufd_area *area, struct iommufd_ioas *ioas,
			unsigned long iova);
void iommufd_area_erase(struct iommufd_area *area);
struct iommufd_area *iommufd_area_first(struct iommufd_ioas *ioas,
					unsigned long iova, unsigned long last);
struct iommufd_area *iommufd_area_next(struct iommufd_area *area,
				       unsigned long iova, unsigned long last);

#define iommufd_for_each_area(area, ioas, iova, last)                \
	for (area = iommufd_area_first(ioas, iova, last); area;      \
	     area = iommufd_area_next(area, iova, last))

/**
 * struct iommufd_iova_node - a range of reserved or allowed IOVAs
 * @node: in the interval tree
 * @owner: who reserved it
 */
struct iommufd_iova_node {
	struct interval_tree_node node;
	const void *owner;
};

int iommufd_iova_add(struct rb_root_cached *root, unsigned long start,
		     unsigned long last, const void *owner);
void iommufd_iova_remove(struct rb_root_cached *root, const void *owner);
int iommufd_iova_add_aperture(struct rb_root_cached *root,
			      struct iommu_domain *domain, const void *owner);
int iommufd_iova_add_resv(struct rb_root_cached *root,
			  struct iommufd_group *igroup, const void *owner,
			  struct iommu_iova_range *sw_msi);
bool iommufd_iova_next_free(struct rb_root_cached *reserved,
			    struct iommu_iova_range *range);
int iommufd_iova_emit_free(struct rb_root_cached *reserved, u64 uptr,
			   u32 *num_ranges, unsigned long *max_iova);
int iommufd_ioas_alloc_iova(struct iommufd_ioas *ioas, unsigned long *iova,
			    unsigned long va, unsigned long length);
int iommufd_ioas_check_iova(struct iommufd_ioas *ioas, unsigned long iova,
			    unsigned long length);
int iommufd_ioas_adopt_reserved(struct iommufd_ioas *ioas,
				struct rb_root_cached *from);
int iommufd_ioas_set_alignment(struct iommufd_ioas *ioas,
			       unsigned long alignment);
bool iommufd_ioas_all_free(struct iommufd_ioas *ioas);
void iommufd_ioas_note_free(struct iommufd_ioas *ioas, unsigned long iova);
void iommufd_ioas_release_reserved(struct iommufd_ioas *ioas,
				   const void *owner);

/*
 * Hardware page tables
 */

/**
 * struct iommufd_hwpt - a hardware page table that follows an IOAS, or nested
 * @obj: object
 * @ioas: the IOAS; that of the parent for a nested table
 * @domain: the table
 * @parent: of a nested table, which has none of what follows but @viommu, @fault
 *          and @enforce_snoop; NULL for one that follows an IOAS
 * @viommu: that the nested table was made on; NULL: it was made on the parent
 * @fault: where faults of devices attached to the table go, nested or not; or NULL
 * @nest_parent: nested tables can have it as their parent. If it is @automatic,
 *               it goes with the last one
 * @entry: in ioas->tables
 * @automatic: made for a device attached to the IOAS; goes with the last one
 * @wanted: what was asked for, IOMMUFD_STAGE_1 or IOMMUFD_STAGE_NESTED
 * @stage: what it is
 * @enforce_snoop: DMA through it is coherent whatever the device asks for
 * @dirty_lock: protects @dirty_tracking
 * @dirty_tracking: the domain tracks what devices write. May be read without
 *                  the lock
 * @msi_cookie: the domain has its window for MSIs, and has it reserved: its address
 *              is the owner. Protected by ioas->attach_lock
 */
struct iommufd_hwpt {
	struct iommufd_object obj;
	struct iommufd_ioas *ioas;
	struct iommu_domain *domain;
	struct iommufd_hwpt *parent;
	struct iommufd_viommu *viommu;
	struct iommufd_fault_queue *fault;
	bool nest_parent;
	struct list_head entry;
	bool automatic;
	enum iommufd_stage wanted;
	enum iommufd_stage stage;
	bool enforce_snoop;
	bool msi_cookie;
	struct mutex dirty_lock;
	bool dirty_tracking;
};

/* A table that follows an IOAS, with a reference */
static inline struct iommufd_hwpt *iommufd_get_hwpt(struct iommufd_ctx *ictx,
						    u32 id)
{
	struct iommufd_object *obj =
		iommufd_object_get(ictx, id, IOMMUFD_OBJ_HWPT);

	return IS_ERR(obj) ? ERR_CAST(obj) :
			     container_of(obj, struct iommufd_hwpt, obj);
}

int iommufd_ioas_update_alignment(struct iommufd_ioas *ioas);
int iommufd_ioas_set_huge_pages(struct iommufd_ioas *ioas, bool huge_pages);
struct iommu_domain *
iommufd_domain_alloc(struct iommufd_group *igroup, struct device *dev,
		     const struct iommu_domain_request *request,
		     enum iommufd_stage wanted, bool *snoop);
bool iommufd_can_enforce_snoop(struct device *dev);
struct iommufd_hwpt *
iommufd_hwpt_alloc(struct iommufd_ioas *ioas, struct iommufd_group *igroup,
		   struct device *dev,
		   const struct iommu_domain_request *request, bool automatic,
		   enum iommufd_stage wanted);
void iommufd_hwpt_abort(struct iommufd_hwpt *hwpt);
void iommufd_hwpt_unuse(struct iommufd_hwpt *hwpt);
struct iommufd_object *iommufd_get_pt(struct iommufd_ctx *ictx, u32 id);
void iommufd_put_pt(struct iommufd_ctx *ictx, struct iommufd_object *pt);
struct iommufd_hwpt *iommufd_hwpt_use_nest_parent(struct iommufd_ioas *ioas,
						  struct iommufd_device *idev);
int iommufd_hwpt_suits(struct iommufd_hwpt *hwpt, struct iommufd_group *igroup,
		       struct device *dev);
void iommufd_hwpt_destroy(struct iommufd_ctx *ictx, struct iommufd_object *obj);
int iommufd_hwpt_alloc_ioctl(struct iommufd_call *call);
int iommufd_hwpt_set_dirty_tracking(struct iommufd_call *call);
int iommufd_hwpt_get_dirty_bitmap(struct iommufd_call *call);
void iommufd_nested_destroy(struct iommufd_ctx *ictx,
			    struct iommufd_object *obj);
int iommufd_hwpt_invalidate(struct iommufd_call *call);
void iommufd_viommu_destroy(struct iommufd_ctx *ictx,
			    struct iommufd_object *obj);
int iommufd_viommu_alloc_ioctl(struct iommufd_call *call);
void iommufd_vdevice_destroy(struct iommufd_ctx *ictx,
			     struct iommufd_object *obj);
int iommufd_vdevice_alloc_ioctl(struct iommufd_call *call);
void iommufd_veventq_destroy(struct iommufd_ctx *ictx,
			     struct iommufd_object *obj);
int iommufd_veventq_alloc_ioctl(struct iommufd_call *call);
void iommufd_fault_queue_destroy(struct iommufd_ctx *ictx,
				 struct iommufd_object *obj);
int iommufd_fault_queue_alloc_ioctl(struct iommufd_call *call);
int iommufd_mmap(struct iommufd_ctx *ictx, struct vm_area_struct *vma);
void iommufd_device_remove_vdevice(struct iommufd_device *idev);

/*
 * Runs of contiguous memory in hardware tables
 */

/* Room for page pointers or runs that needs no allocation */
#define IOMMUFD_STACK_BATCH 16

int iommufd_table_map(struct iommu_domain *domain, unsigned long iova,
		      const struct iommu_run *runs, unsigned int nruns,
		      int prot, bool huge_pages);
bool iommufd_table_unmap(struct iommu_domain *domain, unsigned long iova,
			 unsigned long length);
unsigned long iommufd_table_take(struct iommu_domain *domain,
				 unsigned long iova, unsigned long length,
				 struct iommu_runs *runs);
unsigned long iommufd_table_read_runs(struct iommu_domain *domain,
				      unsigned long iova, unsigned long length,
				      struct iommu_runs *runs);
unsigned long iommufd_table_read(struct iommu_domain *domain,
				 unsigned long iova, unsigned long length,
				 phys_addr_t *phys);

/*
 * Devices
 */

/**
 * struct iommufd_group - devices that an IOMMU cannot tell apart
 * @entry: in ictx->groups
 * @group: the group of the IOMMU layer, with DMA ownership taken
 * @no_iommu: the device, which is alone in the group, has no IOMMU. There is
 *            nothing to take and nothing to set
 * @bound: number of devices that are bound. Protected by ictx->groups_lock
 * @whole: taken by VFIO as a whole, which counts as one device
 * @lock: protects the rest, and what the group's domain is
 * @attached: number of devices that are attached
 * @hwpt: to this table, or NULL
 * @sw_msi: IOVAs of the window for MSIs that must be mapped; ends before it starts
 *          if there is none
 * @fault_lock: held to report a fault; protects @fault and @has_pasids
 * @fault: where faults go, or NULL. A change holds @lock, too
 * @has_pasids: the group's table is the user's, and so are its PASIDs
 */
struct iommufd_group {
	struct list_head entry;
	struct iommu_group *group;
	bool no_iommu;
	unsigned int bound;
	bool whole;
	struct mutex lock;
	unsigned int attached;
	struct iommufd_hwpt *hwpt;
	struct iommu_iova_range sw_msi;
	spinlock_t fault_lock;
	struct iommufd_fault_queue *fault;
	bool has_pasids;
};

/**
 * struct iommufd_device - a bound device
 * @obj: object
 * @ictx: context
 * @entry: in ictx->devices
 * @dev: the device
 * @igroup: its group
 * @cookie: label that user space chose at bind
 * @has_cookie: @cookie is valid
 * @holds_ctx: the binding keeps the context alive
 * @attached: under igroup->lock
 * @isolated_msi: the device can raise only interrupts that are its own
 * @fault_payer: memory cgroup that is charged for its faults
 * @vdevice: what it is behind a vIOMMU, or NULL. Protected by igroup->lock
 */
struct iommufd_device {
	struct iommufd_object obj;
	struct iommufd_ctx *ictx;
	struct list_head entry;
	struct device *dev;
	struct iommufd_group *igroup;
	u64 cookie;
	bool has_cookie;
	bool holds_ctx;
	bool attached;
	bool isolated_msi;
	struct mem_cgroup *fault_payer;
	struct iommufd_vdevice *vdevice;
};

#define IOMMUFD_BIND_OWNED_BY_CTX BIT(0)
#define IOMMUFD_BIND_ANY_MSI BIT(1)
#define IOMMUFD_BIND_NO_IOMMU BIT(2)

struct iommufd_device *__iommufd_device_bind(struct iommufd_ctx *ictx,
					     struct device *dev,
					     const u64 *cookie, u32 *dev_id,
					     unsigned int flags);
struct iommufd_object *iommufd_find_cookie(struct iommufd_ctx *ictx,
					   u64 cookie);
struct iommufd_object *iommufd_get_by_cookie(struct iommufd_ctx *ictx,
					     u64 cookie);
void iommufd_device_destroy(struct iommufd_ctx *ictx,
			    struct iommufd_object *obj);
int iommufd_get_hw_info(struct iommufd_call *call);
int iommufd_device_get_info(struct iommufd_call *call);
int iommufd_ioasid_alloc(struct iommufd_call *call);
int iommufd_ioasid_invalidate(struct iommufd_call *call);

struct iommufd_group *iommufd_group_bind(struct iommufd_ctx *ictx,
					 struct iommu_group *group);
void iommufd_group_unbind(struct iommufd_ctx *ictx,
			  struct iommufd_group *igroup);
int iommufd_group_attach(struct iommufd_group *igroup, struct device *dev,
			 struct iommufd_ioas *ioas, enum iommufd_stage wanted);
void iommufd_group_detach(struct iommufd_ctx *ictx,
			  struct iommufd_group *igroup);

static inline struct iommufd_device *iommufd_get_device(struct iommufd_ctx *ictx,
							u32 id)
{
	struct iommufd_object *obj =
		iommufd_object_get(ictx, id, IOMMUFD_OBJ_DEVICE);

	return IS_ERR(obj) ? ERR_CAST(obj) :
			     container_of(obj, struct iommufd_device, obj);
}

/*
 * Devices without an IOMMU
 */
#ifdef CONFIG_IOMMUFD_NOIOMMU
struct iommu_domain *
iommufd_noiommu_domain_alloc(const struct iommu_domain_request *request);
bool iommufd_domain_is_noiommu(const struct iommu_domain *domain);
int iommufd_ioas_noiommu_get_pa(struct iommufd_call *call);
#else
static inline struct iommu_domain *
iommufd_noiommu_domain_alloc(const struct iommu_domain_request *request)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline bool iommufd_domain_is_noiommu(const struct iommu_domain *domain)
{
	return false;
}
#endif

/*
 * Users inside the kernel
 */

/**
 * struct iommufd_access - a user of an IOAS inside the kernel
 * @obj: object
 * @ictx: context
 * @entry: in ictx->accesses
 * @ops: what the user does when memory goes away
 * @data: for @ops
 * @cookie: label that user space chose for the device of this user
 * @has_cookie: @cookie is valid
 * @holds_ctx: the access keeps the context alive
 * @change_lock: held while the IOAS changes; protects @ioas_unpin
 * @use_lock: protects @ioas
 * @ioas: used for everything but to unpin, or NULL
 * @ioas_unpin: used to unpin: stays while the user lets go of the old IOAS
 * @pinned: pages that the user has pinned
 */
struct iommufd_access {
	struct iommufd_object obj;
	struct iommufd_ctx *ictx;
	struct list_head entry;
	const struct iommufd_access_ops *ops;
	void *data;
	u64 cookie;
	bool has_cookie;
	bool holds_ctx;
	struct mutex change_lock;
	struct rw_semaphore use_lock;
	struct iommufd_ioas *ioas;
	struct iommufd_ioas *ioas_unpin;
	atomic_long_t pinned;
};

struct iommufd_access *
__iommufd_access_create(struct iommufd_ctx *ictx,
			const struct iommufd_access_ops *ops, void *data,
			const u64 *cookie, u32 *id);
void iommufd_access_destroy_object(struct iommufd_ctx *ictx,
				   struct iommufd_object *obj);
bool iommufd_ioas_has_pinning_access(struct iommufd_ioas *ioas);
void iommufd_ioas_notify_unmap(struct iommufd_ioas *ioas, unsigned long iova,
			       unsigned long length);

/*
 * Containers of VFIO groups
 */
void iommufd_vfio_init(struct iommufd_ctx *ictx);
void iommufd_vfio_forget_ioas(struct iommufd_ioas *ioas);
struct iommufd_ioas *iommufd_vfio_get_ioas(struct iommufd_ctx *ictx);
int iommufd_vfio_ioas(struct iommufd_call *call);
void iommufd_vfio_show_groups(struct seq_file *m, struct iommufd_ctx *ictx);
long iommufd_vfio_ioctl(struct iommufd_ctx *ictx, unsigned int cmd,
			unsigned long arg);
long iommufd_type1_ioctl(struct iommufd_ioas *ioas, unsigned int cmd,
			 void __user *arg);

/*
 * Looking inside
 */
void iommufd_show_fdinfo(struct seq_file *m, struct file *file);

#ifdef CONFIG_IOMMUFD_DEBUGFS
void iommufd_debugfs_add(struct iommufd_ctx *ictx);
void iommufd_debugfs_remove(struct iommufd_ctx *ictx);
void iommufd_debugfs_init(void);
void iommufd_debugfs_exit(void);
#else
static inline void iommufd_debugfs_add(struct iommufd_ctx *ictx)
{
}

static inline void iommufd_debugfs_remove(struct iommufd_ctx *ictx)
{
}

static inline void iommufd_debugfs_init(void)
{
}

static inline void iommufd_debugfs_exit(void)
{
}
#endif

/*
 * The mock IOMMU driver
 */
#ifdef CONFIG_IOMMUFD_TEST
extern size_t iommufd_test_memory_limit;
int iommufd_test(struct iommufd_call *call);
void iommufd_test_destroy(struct iommufd_ctx *ictx, struct iommufd_object *obj);
int iommufd_test_init(void);
void iommufd_test_exit(void);
#else
static inline int iommufd_test_init(void)
{
	return 0;
}

static inline void iommufd_test_exit(void)
{
}
#endif

#endif
