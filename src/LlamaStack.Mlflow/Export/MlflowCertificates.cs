using System.Security.Cryptography.X509Certificates;

namespace LlamaStack.Mlflow;

/// <summary>The certificates that the options name.</summary>
internal static class MlflowCertificates
{
    public static X509Certificate2Collection Authorities(string pemFile)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPemFile(pemFile);
        return certificates;
    }

    public static X509Certificate2 Client(MlflowTracingOptions options)
    {
        var file = options.ClientCertificateFile!;
        var password = options.ClientCertificatePassword;
        if (Path.GetExtension(file).ToUpperInvariant() is ".PFX" or ".P12")
        {
            return X509CertificateLoader.LoadPkcs12FromFile(file, password);
        }

        using var certificate = password is null
            ? X509Certificate2.CreateFromPemFile(file, options.ClientCertificateKeyFile)
            : X509Certificate2.CreateFromEncryptedPemFile(file, password, options.ClientCertificateKeyFile);

        // Windows cannot use a key that lives in memory only.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }
}
