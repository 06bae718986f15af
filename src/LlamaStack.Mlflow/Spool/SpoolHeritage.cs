namespace LlamaStack.Mlflow;

/// <summary>The spool files that other processes have left, oldest first. Those that are damaged are said, and set aside once read.</summary>
internal sealed class SpoolHeritage(SpoolFolder folder, DeliveryState state)
{
    /// <summary>Opens the oldest file that nobody holds and that has traces to send.</summary>
    /// <param name="own">The files that this process holds.</param>
    public SpoolFile? Next(IEnumerable<string> own)
    {
        foreach (var path in folder.Spooled().Except(own))
        {
            try
            {
                if (SpoolFile.TryOpen(path) is not { } file)
                {
                    continue;
                }

                Say(file);
                if (file.Unread > 0)
                {
                    return file;
                }

                Finish(file);
            }
            catch (InvalidDataException)
            {
                state.Drop("spool_corrupt", 1);
                state.SpoolDamaged(path, 1);
                SpoolFile.SetAside(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                state.SpoolFails($"{path} cannot be read: {e.Message}");
            }
        }

        return null;
    }

    /// <summary>All that can be read of it has arrived.</summary>
    public static void Finish(SpoolFile file)
    {
        if (file.IsDamaged)
        {
            file.SetAside();
        }
        else
        {
            file.Delete();
        }
    }

    private void Say(SpoolFile file)
    {
        if (file.Damage.IsHalfWritten)
        {
            state.Drop("half_written", 1);
        }

        if (file.Damage.Parts > 0)
        {
            state.Drop("spool_corrupt", file.Damage.Parts);
            state.SpoolDamaged(file.Path, file.Damage.Parts);
        }

        file.NoteDamageTold();
    }
}
