using System.Buffers.Binary;

namespace LlamaStack.Mlflow;

/// <summary>
/// A file of traces: written at its end, read from its start by the process that holds it, and deleted when all in it has arrived. Whoever has it open has it alone;
/// the lock ends with the process, however that ends. For one thread at a time.
/// </summary>
/// <remarks>At its start stand a mark, how far what is in it has arrived (so that a crash repeats little), and the OTLP resource of its traces.</remarks>
internal sealed class SpoolFile : IDisposable
{
    public const string Extension = ".spool";
    public const string DamagedExtension = ".corrupt";

    private const int FixedSize = 8 + 8 + 4 + 4;
    private const int ArrivedAt = 8;

    /// <summary>What the last byte of the mark becomes once damage was told of.</summary>
    private const byte DamageTold = (byte)'D';

    private static readonly byte[] _magic = "LSSPOOL1"u8.ToArray();

    private readonly FileStream _file;
    private readonly Queue<Entry> _unread = new();
    private readonly SortedSet<long> _open = [];
    private readonly int _start;
    private long _arrived;
    private bool _isDirty;

    private SpoolFile(string path, FileStream file, ReadOnlyMemory<byte> resource, bool isFromBefore = false)
    {
        IsFromBefore = isFromBefore;
        Path = path;
        _file = file;
        Resource = resource;
        _start = FixedSize + resource.Length;
        Length = _arrived = _start;
    }

    public string Path { get; }

    public ReadOnlyMemory<byte> Resource { get; }

    /// <summary>Gets a value indicating whether another process has left it.</summary>
    public bool IsFromBefore { get; }

    /// <summary>Gets its size in bytes.</summary>
    public long Length { get; private set; }

    /// <summary>Gets how many traces are to be read yet.</summary>
    public int Unread => _unread.Count;

    /// <summary>Gets how many bytes are to be read yet.</summary>
    public long UnreadBytes { get; private set; }

    /// <summary>Gets a value indicating whether nothing is to be read or to be heard of any more.</summary>
    public bool IsSettled => _unread.Count == 0 && _open.Count == 0;

    /// <summary>Gets what was found damaged when it was opened, and was not told of before: parts that are no traces, and whether the last one was only half written.</summary>
    public (int Parts, bool IsHalfWritten) Damage { get; private set; }

    /// <summary>Gets a value indicating whether it has damaged parts, told of or not.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Makes a new one.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static SpoolFile Create(string path, ReadOnlyMemory<byte> resource)
    {
        var file = new FileStream(path, Options(FileMode.CreateNew));
        try
        {
            var header = new byte[FixedSize + resource.Length];
            _magic.CopyTo(header, 0);
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(ArrivedAt), header.Length);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(16), resource.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(20), SpoolRecord.Checksum(0, resource.Span));
            resource.Span.CopyTo(header.AsSpan(FixedSize));
            RandomAccess.Write(file.SafeFileHandle, header, 0);
            return new SpoolFile(path, file, resource);
        }
        catch
        {
            file.Dispose();
            File.Delete(path);
            throw;
        }
    }

    /// <summary>Opens one that another process has left.</summary>
    /// <returns>Null where it is in use, or gone.</returns>
    /// <exception cref="InvalidDataException">It is no spool file.</exception>
    public static SpoolFile? TryOpen(string path)
    {
        FileStream file;
        try
        {
            file = new FileStream(path, Options(FileMode.Open));
        }
        catch (IOException)
        {
            return null;
        }

        try
        {
            // Its owner may have deleted it between our finding and our opening it, or is just about to write its first bytes.
            if (!File.Exists(path) || file.Length == 0)
            {
                file.Dispose();
                return null;
            }

            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            var opened = new SpoolFile(path, file, ResourceOf(bytes), isFromBefore: true);
            opened.Scan(bytes);
            return opened;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Writes a trace at the end. What fails half-way leaves no trace.</summary>
    /// <exception cref="IOException">The disk is full, or worse.</exception>
    public void Append(EncodedTrace trace, DateTimeOffset now)
    {
        var parts = SpoolRecord.Write(trace, now);
        try
        {
            RandomAccess.Write(_file.SafeFileHandle, parts, Length);
        }
        catch (IOException)
        {
            _file.SetLength(Length);
            throw;
        }

        _isDirty = true;
        Note(new Entry(Length, parts.Sum(part => part.Length), now));
        Length += parts.Sum(part => part.Length);
    }

    /// <summary>How big, and how old, the next trace is.</summary>
    public bool TryPeek(out Entry next) => _unread.TryPeek(out next);

    /// <summary>Reads the next trace; it is open until <see cref="Settle"/>.</summary>
    public EncodedTrace Read()
    {
        var entry = _unread.Peek();
        var bytes = new byte[entry.Length];
        for (var read = 0; read < bytes.Length;)
        {
            var count = RandomAccess.Read(_file.SafeFileHandle, bytes.AsSpan(read), entry.Position + read);
            read += count > 0 ? count : throw new EndOfStreamException($"{Path} is shorter than it was.");
        }

        var trace = SpoolRecord.Read(bytes, Resource) with { IsFromBefore = IsFromBefore };
        Take(entry);
        _open.Add(entry.Position);
        return trace;
    }

    /// <summary>Leaves the next trace out.</summary>
    public void Skip() => Take(_unread.Peek());

    /// <summary>The trace at this place has arrived, or is lost and counted.</summary>
    public void Settle(Entry entry) => _open.Remove(entry.Position);

    /// <summary>Writes down how far all has arrived; where that is everything, the file is made empty: what has arrived does not stay.</summary>
    public void Checkpoint()
    {
        var arrived = _open.Count > 0 ? _open.Min : _unread.TryPeek(out var next) ? next.Position : Length;
        if (arrived == Length && Length > _start && !IsDamaged)
        {
            _file.SetLength(_start);
            Length = arrived = _start;
        }

        if (arrived != _arrived)
        {
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, arrived);
            RandomAccess.Write(_file.SafeFileHandle, bytes, ArrivedAt);
            _arrived = arrived;
        }
    }

    /// <summary>Its damage is counted: whoever opens it after this process does not count it again.</summary>
    public void NoteDamageTold()
    {
        if (Damage.IsHalfWritten)
        {
            _file.SetLength(Length);
        }

        if (Damage.Parts > 0)
        {
            RandomAccess.Write(_file.SafeFileHandle, [DamageTold], _magic.Length - 1);
        }
    }

    /// <summary>Has the system write it to the disk, where a loss of power leaves it.</summary>
    public void Flush()
    {
        if (_isDirty)
        {
            RandomAccess.FlushToDisk(_file.SafeFileHandle);
            _isDirty = false;
        }
    }

    /// <summary>Closes and deletes it. It is empty by now: whoever opens it in between finds nothing in it.</summary>
    public void Delete()
    {
        _file.Dispose();
        File.Delete(Path);
    }

    /// <summary>Closes it under another name, under which nobody reads it.</summary>
    public void SetAside()
    {
        _file.Dispose();
        SetAside(Path);
    }

    public static void SetAside(string path) => File.Move(path, System.IO.Path.ChangeExtension(path, DamagedExtension), overwrite: true);

    public void Dispose() => _file.Dispose();

    private static FileStreamOptions Options(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (mode is FileMode.CreateNew && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }

    private static ReadOnlyMemory<byte> ResourceOf(byte[] bytes)
    {
        if (bytes.Length >= FixedSize && bytes.AsSpan().StartsWith(_magic.AsSpan(0, _magic.Length - 1)) && (bytes[_magic.Length - 1] == _magic[^1] || bytes[_magic.Length - 1] == DamageTold))
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(16));
            if (length >= 0 && length <= bytes.Length - FixedSize
                && SpoolRecord.Checksum(0, bytes.AsSpan(FixedSize, length)) == BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(20)))
            {
                return bytes.AsSpan(FixedSize, length).ToArray();
            }
        }

        throw new InvalidDataException("It does not begin as a spool file does.");
    }

    /// <summary>Finds the records from where the last checkpoint says, over damaged places to the next mark.</summary>
    private void Scan(ReadOnlySpan<byte> bytes)
    {
        Length = bytes.Length;
        var arrived = BinaryPrimitives.ReadInt64LittleEndian(bytes[ArrivedAt..]);
        var position = arrived >= _start && arrived <= Length ? (int)arrived : _start;
        var parts = 0;
        var isHalfWritten = false;
        while (position < bytes.Length)
        {
            if (SpoolRecord.TryMeasure(bytes[position..], out var length))
            {
                Note(new Entry(position, length, SpoolRecord.TimeOf(bytes[position..])));
                position += length;
                continue;
            }

            var next = bytes[(position + 1)..].IndexOf(SpoolRecord.Mark);
            if (next < 0)
            {
                // What follows belongs to no trace any more.
                isHalfWritten = true;
                Length = position;
                break;
            }

            parts++;
            position += 1 + next;
        }

        var isTold = bytes[_magic.Length - 1] == DamageTold;
        IsDamaged = isTold || parts > 0;
        Damage = (isTold ? 0 : parts, isHalfWritten);
    }

    private void Note(Entry entry)
    {
        _unread.Enqueue(entry);
        UnreadBytes += entry.Length;
    }

    private void Take(Entry entry)
    {
        _unread.Dequeue();
        UnreadBytes -= entry.Length;
    }

    /// <summary>Where a trace stands, how many bytes it takes, and when it was written.</summary>
    internal readonly record struct Entry(long Position, int Length, DateTimeOffset Time);
}
